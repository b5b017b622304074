import {
  CallerError,
  DeadlinePassed,
  OperatorError,
  SubgraphUnreachable,
  toErrorBody,
  type ErrorBody,
} from '@inevitable/contract';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

/** Extensions in which servers of any language put what is meant for their own developers. */
const INTERNAL_DETAIL = /^(stack(trace)?|exception|originalError|cause|debug\w*|serviceName|http)$/i;
/**
 * Codes that blame the caller of a subgraph. The caller is the gateway, with an operation it wrote itself, so here they
 * mean that we failed: the subgraph runs another schema than the one that was composed, for example.
 */
const BLAMES_GATEWAY = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
]);
const UNSPOKEN = new Set(['INTERNAL', 'INTERNAL_SERVER_ERROR', 'DOWNSTREAM_SERVICE_ERROR']);

type SubgraphError = GraphQLError | GraphQLFormattedError;

/** True when the client learns only that we failed; the error itself belongs in the log. */
export const isMasked = (error: SubgraphError): boolean => {
  const original = originalOf(error);
  if (original instanceof CallerError) return false;
  if (original instanceof OperatorError) return true;
  const { code } = error.extensions ?? {};
  return typeof code !== 'string' || UNSPOKEN.has(code) || BLAMES_GATEWAY.has(code);
};

/** A subgraph's error as the client may see it, without its path. */
export function presentSubgraphError(error: SubgraphError, service: string): GraphQLFormattedError {
  const { message, extensions } = bodyOf(error, service);
  return { message, extensions: { ...extensions, service } };
}

function bodyOf(error: SubgraphError, service: string): { message: string; extensions: Record<string, unknown> } {
  const original = originalOf(error);
  if (original instanceof CallerError || original instanceof OperatorError) return toErrorBody(original);
  if (isMasked(error)) return toErrorBody(error);
  const { code } = error.extensions!;
  // A part that failed behind the subgraph: the code is worth passing on, its words are not.
  if (code === 'SUBGRAPH_UNREACHABLE') return toErrorBody(new SubgraphUnreachable(service, error));
  if (code === 'TIMEOUT') return toErrorBody(new DeadlinePassed(error.message));
  const shown = Object.entries(error.extensions!).filter(([name]) => !INTERNAL_DETAIL.test(name));
  return { message: error.message, extensions: Object.fromEntries(shown) };
}

/** What a resolver in this process threw; over HTTP there is no such thing. */
const originalOf = (error: SubgraphError): Error | undefined =>
  error instanceof GraphQLError ? error.originalError : undefined;

/** An error of the gateway itself, about one place in the answer. */
export const ownError = (error: unknown, path: GraphQLFormattedError['path']): GraphQLFormattedError => {
  const { message, extensions }: ErrorBody = toErrorBody(error);
  return { message, ...(path && { path }), extensions };
};
