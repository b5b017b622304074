import { ERROR_CODES, NotFound, toErrorBody } from '../errors.js';

const PATH = /^\/internal\/v1\/([a-z-]+)$/;

/** The service assertion that a peer sent; empty where it sent none. */
export const presentedAssertion = (request: Request): string =>
  /^Bearer (\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';

/** Which operation of the table a peer asks for. Throws `NotFound`. */
export function askedOperation<Api extends object>(request: Request, api: Api): keyof Api & string {
  const name = PATH.exec(new URL(request.url).pathname)?.[1] ?? '';
  if (request.method !== 'POST' || !Object.hasOwn(api, name)) throw new NotFound('operation');
  return name as keyof Api & string; // the table has it
}

/** What a peer is told of an error. */
export function refusalOf(error: unknown): Response {
  const { message, extensions } = toErrorBody(error);
  return Response.json({ error: { ...extensions, message } }, { status: ERROR_CODES[extensions.code].status });
}
