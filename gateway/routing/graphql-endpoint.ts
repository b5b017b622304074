import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { REQUEST_ID_HEADER, type DeploymentContext } from '@inevitable/contract';
import { readBody } from '../graphql-over-http/read-body.js';
import { handleOperation, type PipelineParts } from '../pipeline/pipeline.js';
import { toErrorResponse, type GatewayResponse } from '../pipeline/to-response.js';
import { requestFacts, requestIdOf } from './request-facts.js';

export interface GraphQLEndpointParts extends PipelineParts {
  readonly deployment: DeploymentContext;
  readonly isDraining: () => boolean;
}

const PATH = '/graphql';

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
    if ((mark < 0 ? url : url.slice(0, mark)) === PATH)
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
  const write = ({ status, headers: given, body }: GatewayResponse): void => {
    // Names and values by turns: an object of them would be made only to be taken apart.
    const all: string[] = [REQUEST_ID_HEADER, requestId];
    for (const name in given) all.push(name, given[name]!);
    all.push('content-length', String(typeof body === 'string' ? Buffer.byteLength(body) : body.length));
    if (parts.isDraining()) {
      all.push('connection', 'close');
      response.once('finish', () => setImmediate(() => closeIdle(request)));
    }
    response.writeHead(status, all).end(body);
  };
  try {
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    const body = hasBody && method !== 'GET' ? await readBody(request) : null;
    const facts = requestFacts(request, response, requestId, parts.deployment);
    write(await handleOperation({ method, search, header, rawHeaders, body, facts }, parts));
  } catch (error) {
    write(toErrorResponse(error, header('accept')));
  }
}

/** A server that stops waits for its connections; this one has said its last. */
function closeIdle({ socket }: IncomingMessage): void {
  if (!socket.destroyed) socket.end();
}
