import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import {
  anonymousContext,
  checkHealth,
  CONTEXT_HEADER,
  ERROR_CODES,
  NO_CLIENT,
  notReady,
  ready,
  requestInLog,
  toErrorBody,
  type HealthCheck,
  type HealthReport,
  type RequestContext,
} from '@inevitable/contract';
import type { Span } from '@opentelemetry/api';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { listen, registerHealth } from './serve-health.js';
import type { HostedSubgraph } from './host-subgraph.js';
import { failedWith } from '../observation/open-span.js';
import { outcomeOf } from '../observation/product-metrics.js';
import { traceOperation } from '../observation/trace-operations.js';
import { codeTold, logFaults, presentFormatted } from './present-errors.js';
import type { ProductContext } from './product-context.js';
import { receiveSubscription } from './receive-subscription.js';
import { requestFacts } from './request-facts.js';
import { serveEventStreams } from './serve-event-streams.js';
import { serveSockets } from './serve-sockets.js';
import { unusedConnections } from './unused-connections.js';
import type { VerifyContext } from './verify-context.js';

/** What answers below `/internal/`: requests that carry their own proof. */
export interface InternalApi {
  /** `signal` of the request aborts when whoever asked has left. */
  readonly answer: (request: Request) => Promise<Response>;
  /** Asked with a request whose body is not read yet: what to answer in place of reading it, or null. */
  readonly refuse?: (request: Request) => Promise<Response | null>;
  /** Bytes; 2 MiB unless told. */
  readonly largestBody?: number;
  /** Ends what waits for its answer, before the server stops, which waits for it. */
  readonly close?: () => void;
}

export interface ServeSubgraphOptions {
  readonly host: string;
  readonly port: number;
  readonly verifyContext: VerifyContext;
  readonly checks: Readonly<Record<string, HealthCheck>>;
  readonly internal?: InternalApi;
  /** How long it goes on taking requests after `close`, not ready, so that a balancer can notice; 0 unless given. */
  readonly stopDelayMs?: number;
  readonly log: Logger;
}

export interface ServedSubgraph {
  readonly url: string;
  /** What `/ready` answers. */
  health(): Promise<HealthReport>;
  /** Flips readiness, waits `stopDelayMs`, and lets requests in flight finish. */
  close(): Promise<void>;
}

const ACCEPTING = 'accepting requests';
const LEAVING = 'draining: this process is being stopped';
const BODY_LIMIT = 2 * 1024 * 1024;
const GRAPHQL_PATH = '/graphql';
/** Of a request that is answered with events (HTML, 9.2.4). */
const LAST_EVENT_ID_HEADER = 'last-event-id';
/** Routes go by path alone: a Host header changes nothing, and cannot make a URL that is none. */
const ORIGIN = 'http://subgraph';
/** TRACE and CONNECT are left out: a Fetch `Request` cannot carry them, and no product wants them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Serves a subgraph on its own: GraphQL by Apollo Server, its subscriptions over `graphql-transport-ws` and as server-sent
 * events, its routes, health. All but health wants the gateway's context.
 */
export async function serveSubgraph(subgraph: HostedSubgraph, options: ServeSubgraphOptions): Promise<ServedSubgraph> {
  const { host, port, verifyContext, stopDelayMs = 0, log } = options;
  /** By the trace of its context: spans of operations under way that are recorded. */
  const traced = new Map<string | null, Span>();
  const apollo = new ApolloServer<ProductContext>({
    schema: subgraph.schema,
    introspection: true, // whoever gets this far carries the gateway's word
    persistedQueries: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    plugins: [
      ApolloServerPluginInlineTraceDisabled(),
      {
        unexpectedErrorProcessingRequest({ error, requestContext: { contextValue } }) {
          log.error({ err: error, ...requestInLog(contextValue) }, 'a request failed');
          return Promise.resolve();
        },
        requestDidStart() {
          const beganAt = performance.now();
          return Promise.resolve({
            didEncounterErrors({ errors, contextValue }) {
              const span = traced.get(contextValue.trace);
              if (span) failedWith(span, errors.map(codeTold));
              logFaults(errors, contextValue, log);
              return Promise.resolve(subgraph.tellDenials(errors, contextValue));
            },
            willSendResponse({ operation, errors = [] }) {
              const outcome = outcomeOf(errors.map(codeTold));
              return Promise.resolve(subgraph.tellAnswered(operation?.operation ?? 'query', outcome, beganAt));
            },
          });
        },
      },
    ],
    formatError: presentFormatted,
  });
  await apollo.start();

  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while it stops is still answered, and the connection closed with that.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => refuse(error, reply as FastifyReply),
  });

  function refuse(error: unknown, reply: FastifyReply): void {
    const { message, extensions } = toErrorBody(error);
    // Fastify's own refusals (a body too large, a path that is no path) carry the status of the client's mistake.
    const { statusCode = ERROR_CODES[extensions.code].status } = error as { statusCode?: number };
    if (statusCode >= 500 && !isOfOneWhoLeft(error, reply)) log.error({ err: error }, 'a request failed');
    const masked = statusCode < 500 && extensions.code === 'INTERNAL';
    void reply.code(statusCode).send({ errors: [masked ? badRequest(error as Error) : { message, extensions }] });
  }

  // The body is read as bytes: GraphQL and the product's routes each parse it their own way.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, _request, reply) => refuse(error, reply));
  let isLeaving = false;
  let isClosing = false;
  // Not when the request comes: one that waits long, as gateways do for a supergraph, may have come before.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isLeaving) void reply.header('connection', 'close');
    done(null, payload);
  });
  // Whose answer had begun by then keeps its connection, for which a server that closes would wait 72 s.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (isClosing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  const checks: Readonly<Record<string, HealthCheck>> = {
    ...options.checks,
    [ACCEPTING]: () => (isLeaving ? notReady(ACCEPTING, LEAVING) : ready(ACCEPTING)),
  };
  registerHealth(app, checks);

  const { internal } = options;
  if (internal) {
    app.route({
      method: METHODS,
      url: '/internal/*',
      bodyLimit: internal.largestBody ?? BODY_LIMIT,
      async onRequest(request, reply) {
        const refused = await internal.refuse?.(toFetchRequest(request));
        if (!refused) return;
        await send(reply, refused);
        return reply;
      },
      handler: async (request, reply) => send(reply, await internal.answer(toFetchRequest(request, leavingOf(reply)))),
    });
  }
  app.route({ method: METHODS, url: '/*', handler: answer });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const asFetched = toFetchRequest(request);
    const { pathname } = new URL(asFetched.url);
    const header = (name: string): string | undefined => single(request.headers[name]);
    const facts = requestFacts(header, leavingOf(reply));
    if (subgraph.isOpenRoute(request.method, pathname)) {
      // Nobody vouches for this caller, nor for where it says it is: the stricter deployment context.
      const nobody = anonymousContext({ ...facts, client: NO_CLIENT, deployment: 'customer' });
      return send(reply, await subgraph.fetch(asFetched, nobody), nobody);
    }
    const context = await verifyContext(header(CONTEXT_HEADER), facts);
    if (pathname !== GRAPHQL_PATH) return send(reply, await subgraph.fetch(asFetched, context), context);
    if (acceptsEvents(request)) {
      const events = await receiveSubscription(subgraph, jsonBody(request), header(LAST_EVENT_ID_HEADER), context);
      reply.hijack();
      return streams.answer(reply.raw, events);
    }
    return executeByApollo(request, reply, context);
  }

  /** The body goes on as it comes, as fast as the client takes it; one who leaves cancels it. */
  async function send(reply: FastifyReply, response: Response, of: RequestContext | null = null): Promise<void> {
    void reply.code(response.status);
    for (const [name, value] of response.headers) void reply.header(name, value);
    if (!response.body) return void (await reply.send());
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    body.once('error', (error) => {
      // Before that the client is told by `refuse`; now all it learns is that the answer breaks off.
      if (reply.raw.headersSent) log.error({ err: error, ...(of && requestInLog(of)) }, 'an answer broke off');
    });
    await reply.send(body);
  }

  async function executeByApollo(request: FastifyRequest, reply: FastifyReply, context: RequestContext): Promise<void> {
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers))
      if (value !== undefined) headers.set(name, String(value));
    const body = jsonBody(request);
    const { query } = (body ?? {}) as { query?: unknown };
    const { span, context: within } = traceOperation(subgraph.name, query, context);
    if (span) traced.set(within.trace, span);
    const answer = await apollo
      .executeHTTPGraphQLRequest({
        httpGraphQLRequest: {
          method: request.method,
          headers,
          search: new URL(ORIGIN + request.url).search,
          body,
        },
        context: () => Promise.resolve(subgraph.contextFor(within)),
      })
      .finally(() => {
        traced.delete(within.trace);
        span?.end();
      });
    for (const [name, value] of answer.headers) void reply.header(name, value);
    void reply.code(answer.status ?? 200);
    await reply.send(answer.body.kind === 'complete' ? answer.body.string : answer.body.asyncIterator);
  }

  const endUnused = unusedConnections(app.server);
  const streams = serveEventStreams();
  const url = await listen(app, host, port);
  const sockets =
    subgraph.subscribe &&
    serveSockets(subgraph, app.server, { path: GRAPHQL_PATH, maxMessageBytes: BODY_LIMIT, verifyContext, log });
  return {
    url,
    health: () => checkHealth(checks),
    async close() {
      isLeaving = true;
      if (stopDelayMs > 0) await wait(stopDelayMs);
      internal?.close?.();
      streams.close();
      await sockets?.close();
      isClosing = true;
      const closed = app.close();
      endUnused();
      await closed;
      await apollo.stop();
    },
  };
}

const badRequest = ({ message }: Error) => ({ message, extensions: { code: 'BAD_USER_INPUT' } });

/** What Apollo Server wants as the parsed body; broken JSON is its to refuse. */
function jsonBody(request: FastifyRequest): unknown {
  const text = (request.body as Buffer | undefined)?.toString() ?? '';
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Aborts when the caller has gone before its answer. */
function leavingOf({ raw }: FastifyReply): AbortSignal {
  const leaving = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) leaving.abort(new Error('The caller left.'));
  });
  return leaving.signal;
}

/** A body that nobody waited for: a gateway that stops leaves what it asked for with patience. Nothing failed. */
const isOfOneWhoLeft = (error: unknown, { raw }: FastifyReply): boolean =>
  raw.destroyed && (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';

const acceptsEvents = ({ method, headers }: FastifyRequest): boolean =>
  method === 'POST' && (headers.accept ?? '').includes('text/event-stream');

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

function toFetchRequest(request: FastifyRequest, signal?: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers.set(name, String(value));
  const body = request.body as Buffer | undefined;
  const hasBody = body?.length && request.method !== 'GET' && request.method !== 'HEAD';
  return new Request(ORIGIN + request.url, {
    method: request.method,
    headers,
    ...(hasBody && { body: new Uint8Array(body) }),
    ...(signal && { signal }),
  });
}
