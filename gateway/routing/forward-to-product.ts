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
import type { AccessTokens } from '../authentication/access-tokens.js';
import { authenticateCaller } from '../authentication/authenticate-caller.js';
import { mayCross } from '../transports/forwarded-headers.js';
import type { ProductRoute, RouteTable } from './product-routes.js';

/** A name or address with an optional port (RFC 9110, section 7.2). */
const HOST = /^[\w.:[\]-]+$/;

/** Answers a request that is not the gateway's own: by the product whose path it is, or with 404. Throws our errors. */
export async function forwardToProduct(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: AnonymousRequest,
  { routes, tokens }: { routes: RouteTable; tokens: AccessTokens | null },
): Promise<FastifyReply> {
  const url = urlOf(request);
  const route = routes(url.hostname, url.pathname);
  if (!route) throw new NotFound(`path here: ${url.pathname.slice(0, 200)}`);
  if (route.kind === 'health') return answerHealth(route, reply);
  const context = await contextFor(route, request, facts, tokens);
  const response = await route.subgraph.fetch(productRequest(request, url, route), context);
  return answerWith(response, reply);
}

async function answerHealth({ product, subgraph }: ProductRoute, reply: FastifyReply): Promise<FastifyReply> {
  const report = await checkHealth({ [product.name]: () => subgraph.health() });
  return reply.code(healthStatusCode(report)).header('cache-control', 'no-store').send(report.parts[0]);
}

/** The normalised URL, so that `/auth/../notes` is routed as the `/notes` it will be read as. */
function urlOf({ raw, headers }: FastifyRequest): URL {
  const { url: target = '' } = raw;
  const { host = 'localhost' } = headers;
  // A Host that carries more than a host ("a@b", "a/b") would make other parts of the URL than it says.
  const text = target.startsWith('/') && HOST.test(host) ? `http://${host}${target}` : '';
  if (!URL.canParse(text)) throw new BadUserInput('The request target or its Host header is malformed.');
  return new URL(text);
}

/** A product open to everybody also hears who calls, if that is known; an expired token must not stop a new sign-in. */
async function contextFor(
  { product }: ProductRoute,
  request: FastifyRequest,
  facts: AnonymousRequest,
  tokens: AccessTokens | null,
): Promise<RequestContext> {
  if (!product.authRequired) {
    try {
      return await authenticateCaller(request.raw.rawHeaders, facts, tokens);
    } catch (error) {
      if (error instanceof CallerError || error instanceof OperatorError) return anonymousContext(facts);
      throw error;
    }
  }
  const context = await authenticateCaller(request.raw.rawHeaders, facts, tokens);
  if (context.caller.kind === 'anonymous') throw new Unauthenticated();
  return context;
}

/** The client's request as the product sees it: without credentials, and with facts only the gateway can know. */
function productRequest(request: FastifyRequest, url: URL, { product }: ProductRoute): Request {
  const headers = new Headers();
  const { rawHeaders } = request.raw;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (name === 'authorization' || name.startsWith('x-forwarded-') || name === 'forwarded' || name === 'x-real-ip')
      continue;
    if (name === 'cookie' && product.authRequired) continue;
    if (mayCross(name, request.headers.connection)) headers.append(name, rawHeaders[at + 1]!);
  }
  headers.set('x-forwarded-for', request.raw.socket.remoteAddress ?? '');
  headers.set('x-forwarded-host', url.host);
  headers.set('x-forwarded-proto', 'http');
  const body = request.body instanceof Buffer && request.body.length > 0 ? request.body : null;
  return new Request(url, { method: request.method, headers, body, redirect: 'manual' });
}

function answerWith(response: Response, reply: FastifyReply): FastifyReply {
  void reply.code(response.status);
  const connection = response.headers.get('connection');
  for (const [name, value] of response.headers) {
    // Length: written anew, because a body that was decompressed on its way no longer has it.
    if (name === 'set-cookie' || name === 'content-length' || name === 'x-request-id' || !mayCross(name, connection))
      continue;
    void reply.header(name, value);
  }
  for (const cookie of response.headers.getSetCookie()) void reply.header('set-cookie', cookie);
  return reply.send(response.body ? Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]) : null);
}
