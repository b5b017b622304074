import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { StreamPayload } from './client-stream.js';

/**
 * The errors of a payload without `data` (a "request error result", GraphQL specification, 7.1): the stream failed, and
 * this is the last of it. Null for an event, which has `data` even if nothing is in it.
 */
export function requestErrorsOf(payload: StreamPayload): readonly GraphQLFormattedError[] | null {
  if (!payload.text.startsWith('{"errors":')) return null; // events by the thousand are not read again for this
  const { data, errors } = payload.result as FormattedExecutionResult;
  return data === undefined && errors ? errors : null;
}
