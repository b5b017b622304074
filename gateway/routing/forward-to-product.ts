import { Readable } from 'node:stream';
import {
  anonymousContext,
  BadUserInput,
  CallerError,
  checkHealth,
  healthStatusCode,
  NotFound,
  OperatorError,
  Unauthenticated,
  type AnonymousRequest,
  type RequestContext,
} from '@inevitable/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateCaller } from '../authentication/authenticate-caller.js';
import type { Credentials } from '../authentication/credentials.js';
import { mayCross } from '../transports/forwarded-headers.js';
import type { ProductRoute, RouteTable } from './product-routes.js';
import type { ReadOrigin } from './read-origin.js';
import type { RequestFacts } from './request-facts.js';
import { healthOf } from './subgraph-health.js';

/** A client that takes nothing for so long has left, whatever its connection says; the product's body is let go. */
const READS_WITHIN_MS = 60_000;

export interface ForwardingParts {
  readonly routes: RouteTable;
  readonly credentials: Credentials | null;
  readonly readOrigin: ReadOrigin;
}

/** Answers a request that is not the gateway's own: by the product whose path it is, or with 404. Throws our errors. */
export async function forwardToProduct(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: RequestFacts,
  { routes, credentials, readOrigin }: ForwardingParts,
): Promise<FastifyReply> {
  const url = urlOf(request, readOrigin);
  const route = routes(url.hostname, url.pathname);
  if (!route) throw new NotFound(`path here: ${url.pathname.slice(0, 200)}`);
  if (route.kind === 'health') return answerHealth(route, reply);
  const { record } = facts;
  record?.forwarded(route.product.name);
  const context = await contextFor(route, request, facts, credentials);
  if (record) record.context = context;
  const response = await route.subgraph.fetch(productRequest(request, url, route, facts), context);
  // It was answered in time. A long body takes as long as its reader, as long as that one reads.
  facts.dropDeadline();
  reply.raw.setTimeout(READS_WITHIN_MS, () => reply.raw.destroy());
  return answerWith(response, reply);
}

async function answerHealth({ product, subgraph }: ProductRoute, reply: FastifyReply): Promise<FastifyReply> {
  const report = await checkHealth({ [product.name]: healthOf(subgraph) });
  return reply.code(healthStatusCode(report)).header('cache-control', 'no-store').send(report.parts[0]);
}

/** The normalised URL, so that `/auth/../notes` is routed as the `/notes` it will be read as. */
function urlOf({ raw }: FastifyRequest, readOrigin: ReadOrigin): URL {
  const { url: target = '' } = raw;
  const { scheme, host } = readOrigin(raw);
  const text = target.startsWith('/') && host !== null ? `${scheme}://${host}${target}` : '';
  if (!URL.canParse(text)) throw new BadUserInput('The request target or its Host header is malformed.');
  return new URL(text);
}

/** A product open to everybody also hears who calls, if that is known; an expired token must not stop a new sign-in. */
async function contextFor(
  { product }: ProductRoute,
  request: FastifyRequest,
  facts: AnonymousRequest,
  credentials: Credentials | null,
): Promise<RequestContext> {
  if (!product.authRequired) {
    try {
      return await authenticateCaller(request.raw.rawHeaders, facts, credentials);
    } catch (error) {
      if (error instanceof CallerError || error instanceof OperatorError) return anonymousContext(facts);
      throw error;
    }
  }
  const context = await authenticateCaller(request.raw.rawHeaders, facts, credentials);
  if (context.caller.kind === 'anonymous') throw new Unauthenticated();
  return context;
}

/** The client's request as the product sees it: without credentials, and with facts only the gateway can know. */
function productRequest(
  request: FastifyRequest,
  url: URL,
  { product }: ProductRoute,
  { client }: RequestFacts,
): Request {
  const headers = new Headers();
  const { rawHeaders } = request.raw;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (name === 'authorization' || name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip')
      continue;
    if (name === 'cookie' && product.authRequired) continue;
    if (mayCross(name, request.headers.connection)) headers.append(name, rawHeaders[at + 1]!);
  }
  headers.set('x-forwarded-for', client.address ?? '');
  headers.set('x-forwarded-host', url.host);
  headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
  const body = request.body instanceof Buffer && request.body.length > 0 ? request.body : null;
  return new Request(url, { method: request.method, headers, body, redirect: 'manual' });
}

function answerWith(response: Response, reply: FastifyReply): FastifyReply {
  void reply.code(response.status);
  const connection = response.headers.get('connection');
  const length = lengthOf(response);
  if (length !== null) void reply.header('content-length', length);
  for (const [name, value] of response.headers) {
    if (name === 'set-cookie' || name === 'content-length' || name === 'x-request-id' || !mayCross(name, connection))
      continue;
    void reply.header(name, value);
  }
  for (const cookie of response.headers.getSetCookie()) void reply.header('set-cookie', cookie);
  // Not null, which Fastify would write as JSON: a 304 would say that the file it speaks of is JSON now.
  if (!response.body) return reply.send(undefined);
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  return reply.send(length === null ? body : body.compose(ofLength(length)));
}

/** null: nobody said, or it is not that of what is sent, because the body was decompressed on its way. */
function lengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) && !headers.has('content-encoding') ? Number(length) : null;
}

/** Lets through exactly as many bytes as were promised: what is more would be read as the connection's next answer. */
const ofLength = (length: number) =>
  async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let passed = 0;
    for await (const chunk of chunks) {
      passed += chunk.byteLength;
      if (passed > length) break;
      yield chunk;
    }
    if (passed !== length)
      throw new Error(`A product promised ${length} bytes and sent ${passed > length ? 'more' : passed}.`);
  };
