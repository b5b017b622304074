import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** They belong to one connection and end with it (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);
const OURS = 'x-inevitable-';
/** Responses that have no body, whatever their headers say (RFC 9110, section 6.4.1). */
const BODYLESS = new Set([204, 205, 304]);

/**
 * True for a header that may cross the gateway in either direction. Never: what belongs to the connection, what
 * `Connection` names, and every `x-inevitable-` header, which only the gateway itself may write.
 */
export const mayCross = (name: string, connection: string | null | undefined): boolean =>
  !HOP_BY_HOP.has(name) && !name.startsWith(OURS) && !namedBy(connection, name);

const namedBy = (connection: string | null | undefined, name: string): boolean =>
  !!connection &&
  connection
    .toLowerCase()
    .split(',')
    .some((token) => token.trim() === name);

/** What of a product request goes on to its subgraph. Length and host are written anew by the next connection. */
export function headersToPass(headers: Headers): Record<string, string> {
  const passed: Record<string, string> = {};
  const connection = headers.get('connection');
  for (const [name, value] of headers)
    if (mayCross(name, connection) && name !== 'host' && name !== 'content-length') passed[name] = value;
  return passed;
}

/** undici's answer to a request of `method` as a Fetch `Response` whose body is still on its way. */
export function responseFrom({ statusCode, headers, body }: Dispatcher.ResponseData, method: string): Response {
  const passed = new Headers();
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) passed.append(name, one);
  if (BODYLESS.has(statusCode) || method === 'HEAD') {
    void body.dump().catch(() => undefined); // gives the connection back; nobody waits for what it says
    return new Response(null, { status: statusCode, headers: passed });
  }
  return new Response(Readable.toWeb(body) as ReadableStream, { status: statusCode, headers: passed });
}
