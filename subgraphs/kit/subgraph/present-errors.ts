import {
  CallerError,
  ERROR_CODES,
  toErrorBody,
  type ErrorCode,
  type RequestContext,
  requestInLog,
} from '@inevitable/contract';
import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import type { HostedResources } from './product-context.js';

/** Of names that the client chose, which have no limit. */
const LONGEST_PATH = 200;

/** The answer as a client may see it: a caller's errors as they are, ours logged in full and masked. Denials are told of. */
export function presentResult(
  result: ExecutionResult,
  context: RequestContext,
  { log, tellDenials }: Pick<HostedResources, 'log' | 'tellDenials'>,
): ExecutionResult {
  if (!result.errors) return result;
  tellDenials(result.errors, context);
  const refused = result.data === undefined; // never executed: the request itself was at fault
  return { ...result, errors: result.errors.map((error) => presented(error, refused, context, log)) };
}

function presented(error: GraphQLError, refused: boolean, context: RequestContext, log: Logger): GraphQLError {
  const { message, extensions } = presentError(error, refused);
  if (isOurs(extensions.code)) logFault(error, context, log);
  return new GraphQLError(message, { path: error.path ?? null, extensions });
}

/** For a server that formats one error at a time. */
export function presentFormatted(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const refused = formatted.path === undefined;
  return {
    ...formatted,
    ...presentError(
      error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }),
      refused,
    ),
  };
}

function presentError(error: GraphQLError, refused: boolean) {
  const cause = error.originalError;
  if (cause instanceof CallerError) return toErrorBody(cause);
  const thrown = cause instanceof GraphQLError ? cause : cause ? null : error;
  const code = thrown?.extensions['code'];
  if (thrown && typeof code === 'string' && code in ERROR_CODES && !isOurs(code as ErrorCode)) {
    return { message: thrown.message, extensions: { ...detailsOf(thrown), code: code as ErrorCode } };
  }
  // graphql-js itself refuses a variable or a literal that does not fit, before anything runs; what a scalar says of it is
  // the cause. Such errors name a place in the document and none in the answer; a subscription's resolver that threw
  // names both, and a fault of ours before the document was looked at neither.
  if (refused && (!cause || (error.nodes?.length && !error.path)))
    return { message: error.message, extensions: { code: 'BAD_USER_INPUT' as const } };
  return toErrorBody(cause ?? error);
}

/** Everything a `GraphQLError` carries but stack traces. */
function detailsOf({ extensions }: GraphQLError): Record<string, unknown> {
  const details = { ...extensions };
  delete details['stacktrace'];
  return details;
}

/** Which code the caller of an operation is told. */
export const codeTold = (error: GraphQLError): ErrorCode =>
  presentError(error, error.path === undefined).extensions.code;

/** Writes down those of an operation that are ours, for a server that formats them where nobody knows whose they are. */
export function logFaults(errors: readonly GraphQLError[], context: RequestContext, log: Logger): void {
  for (const error of errors) if (isOurs(codeTold(error))) logFault(error, context, log);
}

const isOurs = (code: ErrorCode): boolean => ERROR_CODES[code].status >= 500;

function logFault(error: GraphQLError, context: RequestContext, log: Logger): void {
  const { tenant } = context;
  log.error(
    {
      ...requestInLog(context),
      tenant: tenant?.id,
      path: error.path?.join('.').slice(0, LONGEST_PATH),
      err: error.originalError ?? error,
    },
    'a resolver failed',
  );
}
