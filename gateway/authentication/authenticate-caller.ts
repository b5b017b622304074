import { anonymousContext, Unauthenticated, type AnonymousRequest, type RequestContext } from '@inevitable/contract';
import type { Credentials } from './credentials.js';

/** The headers as they came; names and values alternate. */
export type RawHeaders = readonly string[];

/**
 * Who calls; a promise only for a credential that was not verified before. No `Authorization` header is nobody, which is
 * never an error by itself; one that does not hold is `Unauthenticated`, thrown or as a rejection, also when it is empty or
 * there are two of them. Without `credentials` (`--auth off`) everybody is nobody.
 */
export function authenticateCaller(
  rawHeaders: RawHeaders,
  request: AnonymousRequest,
  credentials: Credentials | null,
): RequestContext | Promise<RequestContext> {
  if (credentials === null) return anonymousContext(request);
  const authorization = authorizationIn(rawHeaders);
  return authorization === null ? anonymousContext(request) : credentials.contextOf(authorization, request);
}

/**
 * The `Authorization` header, or null. Read from the raw headers: Node keeps the first of two and drops the other without
 * a word. Throws `Unauthenticated` where there are two.
 */
export function authorizationIn(rawHeaders: RawHeaders): string | null {
  let found: string | null = null;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (found !== null) throw new Unauthenticated('Send one Authorization header.');
    found = rawHeaders[at + 1] ?? '';
  }
  return found;
}
