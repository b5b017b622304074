import { SubgraphUnreachable } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';

/**
 * Reads what a subgraph answered. Throws `SubgraphUnreachable` for what is not JSON, and for JSON that is not a response
 * of GraphQL (specification, section 7.1: `data`, an object or null, or `errors`, or both). What stands in them is the
 * executor's to judge.
 */
export function parseAnswer(bytes: Buffer, subgraph: string): ExecutionResult {
  let answer: unknown;
  try {
    answer = JSON.parse(bytes.toString());
  } catch {
    // The parser's own words would repeat some of the answer, which is a tenant's; this one is logged.
    throw new SubgraphUnreachable(subgraph, new Error('It answered with text that is not JSON.'));
  }
  if (isExecutionResult(answer)) return answer;
  throw new SubgraphUnreachable(subgraph, new Error('It answered with JSON that is not a GraphQL response.'));
}

export function isExecutionResult(value: unknown): value is ExecutionResult {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { data, errors } = value as { data?: unknown; errors?: unknown };
  const fitting = data === undefined || (typeof data === 'object' && !Array.isArray(data));
  const hasErrors =
    Array.isArray(errors) && errors.length > 0 && errors.every((error) => typeof error === 'object' && error !== null);
  return fitting && (hasErrors || (data !== undefined && (errors === undefined || errors === null)));
}
