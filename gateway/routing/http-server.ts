import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ERROR_CODES, healthStatusCode, REQUEST_ID_HEADER, toErrorBody, type HealthReport } from '@inevitable/contract';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serveConsole, type ConsoleOptions } from '../console/serve-console.js';
import { readBody } from '../graphql-over-http/read-body.js';
import { badRequest, RequestRefused } from '../graphql-over-http/request-refused.js';
import { authenticateCaller } from '../authentication/authenticate-caller.js';
import { openOperation } from '../pipeline/open-operation.js';
import type { OpenOperation, PipelineParts } from '../pipeline/pipeline.js';
import { noteError } from '../pipeline/to-response.js';
import { OpenStreams } from '../streaming/open-streams.js';
import { serveWebSocket, type ServedWebSockets } from '../streaming/serve-websocket.js';
import { DRAIN_MS } from './drain.js';
import type { AdmissionParts, Admissions } from './admit-request.js';
import type { IdleConnections } from './idle-connections.js';
import { forwardToProduct } from './forward-to-product.js';
import { answerGraphQLFirst, GRAPHQL_PATH } from './graphql-endpoint.js';
import type { Certificate } from './own-certificate.js';
import type { RouteTable } from './product-routes.js';
import type { ReadOrigin } from './read-origin.js';
import {
  namesInLog,
  namesOf,
  recordOf,
  requestFacts,
  type RequestFactsParts,
  type RequestNames,
} from './request-facts.js';
import type { RequestRecord } from './request-record.js';

export interface HttpServerParts extends PipelineParts, RequestFactsParts {
  readonly admissions: Admissions;
  readonly overload: AdmissionParts['overload'];
  readonly idleWebSockets: IdleConnections;
  readonly readOrigin: ReadOrigin;
  /** Our own; null: it is served in the clear, for a proxy of ours or for development. */
  readonly certificate: Certificate | null;
  /** Aborted when it has been told to stop: requests are still taken, each connection is closed with its answer. */
  readonly leaving: AbortSignal;
  /** Aborted when the server begins to stop, before it is closed. */
  readonly draining: AbortSignal;
  readonly routes: RouteTable;
  readonly readiness: () => Promise<HealthReport>;
  readonly health: () => Promise<HealthReport>;
  /** Null: there is no GraphiQL page. */
  readonly console: ConsoleOptions | null;
  /** Why the newest supergraph is not the one that is served, or null. */
  readonly supergraphProblem: () => string | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    names: RequestNames;
    /** Null: nobody wants to know what becomes of it, or it is a probe or for a page of the gateway's own. */
    record: RequestRecord | null;
  }
}

/** How long a client may take to send a request, with its body; its head; and what TLS begins with. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEAD_TIMEOUT_MS = 10_000;
/** How long a connection may stand still on which something is being sent. A kept one may for the 72 s of Fastify. */
const STANDSTILL_MS = 60_000;
/** Node would look every 30 s. */
const TIMEOUTS = { headersTimeout: HEAD_TIMEOUT_MS, connectionsCheckingInterval: 1_000 };
/** TRACE and CONNECT are left out: a Fetch `Request` cannot carry them, and no product wants them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** What is not the gateway's own: a product's, or nobody's. */
const ANY_PATH = '/*';

export interface HttpServer {
  readonly app: FastifyInstance;
  readonly webSockets: Pick<ServedWebSockets, 'count'>;
}

/** Every path the gateway answers. It listens when the caller says so. */
export function createHttpServer(parts: HttpServerParts): HttpServer {
  const { deployment, readClient, samplesTrace, onRequestEnd, leaving, draining, log } = parts;
  const isLeaving = (): boolean => leaving.aborted;
  const isDraining = (): boolean => draining.aborted;
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: STANDSTILL_MS,
    // While draining we still answer what arrives on open connections, and close each with its answer.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    ...(parts.certificate
      ? { https: { ...parts.certificate, ...TIMEOUTS, handshakeTimeout: HEAD_TIMEOUT_MS } }
      : { http: TIMEOUTS }),
    routerOptions: { maxParamLength: 16_384 },
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) =>
      void answerError(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: answerUnreadable,
  });

  app.decorateRequest('names');
  app.decorateRequest('record', null);
  // Raw bytes for every path: what they mean is decided where they are used.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) => readBody(payload));
  app.addHook('onRequest', (request, reply, done) => {
    request.names = namesOf(request.raw, parts);
    void reply.header(REQUEST_ID_HEADER, request.names.requestId);
    const { url = ANY_PATH } = request.routeOptions;
    const record = url === ANY_PATH ? recordOf('other', request.method, request.names, parts) : null;
    if (record) {
      request.record = record;
      reply.raw.once('close', () => endWith(reply.raw, record));
    }
    if (isLeaving()) void reply.header('connection', 'close');
    // A megabyte can be a gigabyte when a product unpacks it.
    const { 'content-encoding': coding = 'identity' } = request.headers;
    done(coding === 'identity' ? undefined : badRequest('Send the request body without compression.', 415));
  });
  app.addHook('onResponse', (_request, _reply, done) => {
    if (isDraining()) setImmediate(() => app.server.closeIdleConnections());
    done();
  });

  app.get('/live', async () => ({ status: 'live' }));
  app.get('/ready', async (_request, reply) => sendReport(reply, await parts.readiness()));
  app.get('/health', async (_request, reply) => sendReport(reply, await parts.health()));

  if (parts.console) {
    const { snapshots, supergraphProblem } = parts;
    serveConsole(app, { ...parts.console, supergraph: () => snapshots.current.id, supergraphProblem, draining });
  }

  app.route({
    method: METHODS,
    url: ANY_PATH,
    handler: (request, reply) => {
      const { raw, names, record } = request;
      return forwardToProduct(request, reply, requestFacts(raw, reply.raw, names, record, parts), parts);
    },
  });

  app.setNotFoundHandler((request, reply) => answerError(badRequest('Use another method.', 405), request, reply));
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));

  /** `{ error: { code, message } }` */
  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = isFastifyRefusal(error) ? badRequest(error.message, error.statusCode) : error;
    const { message, extensions } = toErrorBody(known);
    const { code } = extensions;
    const status = known instanceof RequestRefused ? known.status : ERROR_CODES[code].status;
    if (status >= 500 && !reply.raw.destroyed)
      log.error(
        // Not its path, in which links have their tokens, and products what they like.
        { err: error, ...namesInLog(request.names), method: request.method, product: request.record?.product ?? null },
        'A request failed.',
      );
    if (request.record) noteError(known, request.record);
    if (status === 401) void reply.header('www-authenticate', 'Bearer error="invalid_token"');
    // What a product had said of its answer does not hold for this one.
    for (const name of ['content-length', 'content-range', 'content-disposition', 'etag'])
      void reply.removeHeader(name);
    return reply
      .code(status)
      .type('application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send({ error: { code, message } });
  }

  const open: OpenOperation = (received) => openOperation(received, parts);
  const openStreams = new OpenStreams();
  const { admit, upgradeRefusal } = parts.admissions;
  answerGraphQLFirst(app.server, {
    open,
    deployment,
    readClient,
    samplesTrace,
    onRequestEnd,
    isLeaving,
    openStreams,
    admit,
    log,
  });
  const webSockets = serveWebSocket(app.server, {
    path: GRAPHQL_PATH,
    open(received) {
      const refusal = parts.overload(); // its connection may be older
      return refusal ? Promise.reject(refusal) : open(received);
    },
    authenticate: (rawHeaders, facts) => authenticateCaller(rawHeaders, facts, parts.credentials),
    deployment,
    readClient,
    samplesTrace,
    onRequestEnd,
    isDraining,
    upgradeRefusal,
    idle: parts.idleWebSockets,
    log,
  });
  // The server waits for its connections to end, which these would not do by themselves.
  let cutOff: NodeJS.Timeout | undefined;
  draining.addEventListener('abort', () => {
    openStreams.stop();
    webSockets.stop();
    if (app.server.listening) cutOff = setTimeout(() => webSockets.terminate(), DRAIN_MS);
  });
  app.addHook('onClose', (_app, done) => {
    clearTimeout(cutOff);
    webSockets.terminate();
    done();
  });
  return { app, webSockets };
}

const sendReport = (reply: FastifyReply, report: HealthReport): FastifyReply =>
  reply.code(healthStatusCode(report)).header('cache-control', 'no-store').send(report);

/** Fastify's own complaints about a request; their text is for the client and names nothing of ours. */
const isFastifyRefusal = (error: unknown): error is Error & { statusCode: number } =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('FST_') &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode < 500;

function endWith({ statusCode, headersSent, writableFinished }: ServerResponse, record: RequestRecord): void {
  if (headersSent) record.status = statusCode;
  if (!writableFinished) record.left();
  else if (statusCode >= 400 && record.outcome === 'answered') record.refused(statusCode, []);
  record.end();
}

/** What is not HTTP, or has headers beyond 16 KB, reaches no route. */
function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  const message = 'The HTTP request could not be read.';
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_USER_INPUT' } }] });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
