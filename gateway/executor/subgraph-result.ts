import { SubgraphUnreachable } from '@inevitable/contract';
import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql';
import { parseAnswer } from '../transports/parse-answer.js';
import type { SubgraphAnswer } from '../transports/subgraph-transport.js';
import { copyOf } from './copy-of.js';

/** In process it is the error itself; from elsewhere, what its JSON says. */
export type SubgraphError = GraphQLError | GraphQLFormattedError;

/**
 * What a subgraph answered, for the engine to write to. Throws `SubgraphUnreachable` for what is no response, and where
 * there is neither data nor an error: nobody would have said why the answer is null.
 */
export function resultIn(answer: SubgraphAnswer, subgraph: string): ExecutionResult {
  const result = answer.kind === 'bytes' ? parseAnswer(answer.bytes, subgraph) : ownResult(answer.result);
  if (!result.errors && (typeof result.data !== 'object' || result.data === null))
    throw new SubgraphUnreachable(subgraph, new Error('It answered neither data nor errors.'));
  return result;
}

/** In process the result is the subgraph's own; the engine writes later fetches into a copy. */
const ownResult = ({ data, errors }: ExecutionResult): ExecutionResult => ({
  ...(data !== undefined && { data: copyOf(data) as Record<string, unknown> | null }),
  ...(errors && errors.length > 0 && { errors }),
});
