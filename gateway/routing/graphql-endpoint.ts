import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { REQUEST_ID_HEADER } from '@inevitable/contract';
import { readBody } from '../graphql-over-http/read-body.js';
import { handleOperation, type RequestParts } from '../pipeline/pipeline.js';
import { toErrorResponse, type GatewayResponse } from '../pipeline/to-response.js';
import type { OpenStreams } from '../streaming/open-streams.js';
import { sendStream } from '../streaming/send-stream.js';
import { requestFacts, requestIdOf, type RequestFactsParts } from './request-facts.js';

export interface GraphQLEndpointParts extends RequestParts, RequestFactsParts {
  readonly isDraining: () => boolean;
  /** Where streams that are being written can be stopped. */
  readonly openStreams: OpenStreams;
}

export const GRAPHQL_PATH = '/graphql';

/**
 * Answers /graphql on a server before the router sees the request, which everything else still goes to. Routing, hooks
 * and reply of a framework cost a tenth of what the gateway spends on a small operation (`npm run bench`, single).
 */
export function answerGraphQLFirst(server: Server, parts: GraphQLEndpointParts): void {
  const others = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    if ((mark < 0 ? url : url.slice(0, mark)) === GRAPHQL_PATH)
      void answer(request, response, mark < 0 ? '' : url.slice(mark + 1), parts);
    else for (const other of others) other.call(server, request, response);
  });
}

/** Never rejects: what cannot be read is a GraphQL answer too. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  search: string,
  parts: GraphQLEndpointParts,
): Promise<void> {
  const { method = '', headers, rawHeaders } = request;
  const requestId = requestIdOf(request);
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const write = ({ status, headers: given, body }: GatewayResponse): void | Promise<void> => {
    // Names and values by turns: an object of them would be made only to be taken apart.
    const all: string[] = [REQUEST_ID_HEADER, requestId];
    for (const name in given) all.push(name, given[name]!);
    if (parts.isDraining()) {
      all.push('connection', 'close');
      response.once('finish', () => closeSoon(request));
    }
    if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
      response.writeHead(status, all);
      response.once('finish', () => parts.isDraining() && closeSoon(request)); // it may have ended because of that
      return sendStream(response, body.stream, body.format, parts.openStreams);
    }
    all.push('content-length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
    response.writeHead(status, all).end(body);
  };
  try {
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    const body = hasBody && method !== 'GET' ? await readBody(request) : null;
    const facts = requestFacts(request, response, requestId, parts);
    const answered = write(await handleOperation({ method, search, header, rawHeaders, body, facts }, parts));
    if (answered) await answered;
  } catch (error) {
    if (!response.headersSent) return void write(toErrorResponse(error, header('accept')));
    parts.log.error({ err: error, requestId }, 'A stream broke off.');
    response.destroy();
  }
}

/** A server that stops waits for its connections; this one has said its last. */
const closeSoon = ({ socket }: IncomingMessage): void =>
  void setImmediate(() => {
    if (!socket.destroyed) socket.end();
  });
