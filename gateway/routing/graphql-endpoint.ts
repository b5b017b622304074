import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { REQUEST_ID_HEADER } from '@inevitable/contract';
import { ByteText } from '../executor/byte-text.js';
import { compressAnswer, COMPRESSED_FROM_BYTES, preferredCoding } from '../graphql-over-http/compress-answer.js';
import { receiveBody } from '../graphql-over-http/read-body.js';
import { handleOperation, type RequestParts } from '../pipeline/pipeline.js';
import { toErrorResponse, type GatewayResponse, type StreamedBody, type WholeBody } from '../pipeline/to-response.js';
import type { OpenStreams } from '../streaming/open-streams.js';
import { sendStream } from '../streaming/send-stream.js';
import type { Admission, Admissions } from './admit-request.js';
import { closeWithConnection } from './close-with-connection.js';
import { namesInLog, namesOf, recordOf, requestFacts, type RequestFactsParts } from './request-facts.js';

export interface GraphQLEndpointParts extends RequestParts, RequestFactsParts {
  /** True: the connection is closed with its answer. */
  readonly isLeaving: () => boolean;
  /** Where streams that are being written can be stopped. */
  readonly openStreams: OpenStreams;
  readonly admit: Admissions['admit'];
}

export const GRAPHQL_PATH = '/graphql';

/**
 * Admits every request, or answers it where it is not to go on. /graphql is answered before the router sees the request,
 * which everything else still goes to: routing, hooks and reply of a framework cost a tenth of what the gateway spends on a
 * small operation (`npm run bench`, single).
 */
export function answerGraphQLFirst(server: Server, parts: GraphQLEndpointParts): void {
  const others = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    closeWithConnection(request, response);
    const admission = parts.admit(request);
    if (admission.kind === 'answered') return void turnAway(admission, request, response, parts);
    const url = request.url ?? '';
    const mark = url.indexOf('?');
    if ((mark < 0 ? url : url.slice(0, mark)) === GRAPHQL_PATH)
      void answer(request, response, mark < 0 ? '' : url.slice(mark + 1), admission.headers, parts);
    else {
      const { headers } = admission;
      for (let at = 0; at < headers.length; at += 2) response.setHeader(headers[at]!, headers[at + 1]!);
      for (const other of others) other.call(server, request, response);
    }
  });
}

/** Never rejects: what cannot be read is a GraphQL answer too. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  search: string,
  ofEveryAnswer: readonly string[],
  parts: GraphQLEndpointParts,
): Promise<void> {
  const { method = '', headers, rawHeaders } = request;
  const names = namesOf(request, parts);
  const { requestId } = names;
  const record = recordOf('graphql', method, names, parts);
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  const write = ({ status, headers: given, body }: GatewayResponse): void | Promise<void> => {
    const all = [REQUEST_ID_HEADER, requestId, ...ofEveryAnswer, ...given];
    if (parts.isLeaving()) {
      all.push('connection', 'close');
      response.once('finish', () => closeSoon(request));
    }
    if (isStreamedBody(body)) {
      response.writeHead(status, all);
      response.once('finish', () => parts.isLeaving() && closeSoon(request)); // it may have ended because of that
      if (record) record.status = status;
      return sendStream(response, body.stream, body.format, parts.openStreams).then((payloads) => {
        if (record) record.payloads = payloads;
        record?.end();
      });
    }
    if (body.length < COMPRESSED_FROM_BYTES) return end(status, all, body);
    all.push('vary', 'accept-encoding');
    const coding = preferredCoding(headers['accept-encoding']);
    if (coding === null) return end(status, all, body);
    all.push('content-encoding', coding);
    return compressAnswer(body instanceof ByteText ? body.bytes() : body, coding).then((compressed) =>
      end(status, all, compressed),
    );
  };
  const end = (status: number, all: string[], body: WholeBody): void => {
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    all.push('content-length', String(bytes));
    response.writeHead(status, all);
    if (body instanceof ByteText) response.end(body.text, 'latin1');
    else response.end(body);
    if (record === null) return;
    record.status = status;
    record.responseBytes = bytes;
    record.end();
  };
  try {
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    const received = hasBody && method !== 'GET' ? await receiveBody(request) : null;
    const body = received && received.bytes;
    const facts = requestFacts(request, response, names, record, parts);
    facts.inputBytes = body ? body.length : search.length;
    if (received) facts.hold(received);
    const found = await handleOperation({ method, search, header, rawHeaders, body, facts }, parts);
    // What is answered needs nothing of what was sent, however long its client leaves the answer unread.
    if (!isStreamedBody(found.body)) facts.release();
    const written = write(found);
    if (written) await written;
  } catch (error) {
    if (!response.headersSent) return write(toErrorResponse(error, header('accept'), record));
    record?.end();
    parts.log.error({ err: error, ...namesInLog(names) }, 'A stream broke off.');
    response.destroy();
  }
}

const isStreamedBody = (body: GatewayResponse['body']): body is StreamedBody =>
  typeof body !== 'string' && !Buffer.isBuffer(body) && !(body instanceof ByteText);

/** What it still sends is not read: the connection is of no more use. */
function turnAway(
  { status, headers, body }: Extract<Admission, { kind: 'answered' }>,
  request: IncomingMessage,
  response: ServerResponse,
  parts: GraphQLEndpointParts,
): void {
  const names = namesOf(request, parts);
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const all = [
    REQUEST_ID_HEADER,
    names.requestId,
    ...headers,
    ...(hasBody || parts.isLeaving() ? ['connection', 'close'] : []),
  ];
  response.writeHead(status, all).end(body);
  const record = recordOf('other', request.method ?? '', names, parts);
  if (record === null) return;
  record.status = status;
  if (status >= 400) record.refused(status, []);
  record.end();
}

/** A server that stops waits for its connections; this one has said its last. */
const closeSoon = ({ socket }: IncomingMessage): void =>
  void setImmediate(() => {
    if (!socket.destroyed) socket.end();
  });
