import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { NO_HEADERS } from '../graphql-over-http/header-list.js';
import type { OpenedOperation } from '../pipeline/open-operation.js';
import type { OpenOperation } from '../pipeline/pipeline.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import { admissions } from '../routing/admit-request.js';
import { boundConnections } from '../routing/bound-connections.js';
import { IdleConnections } from '../routing/idle-connections.js';
import { answerGraphQLFirst, GRAPHQL_PATH } from '../routing/graphql-endpoint.js';
import { clientReader } from '../routing/read-client.js';
import { originReader } from '../routing/read-origin.js';
import { StreamPayload } from '../streaming/client-stream.js';
import { OpenStreams } from '../streaming/open-streams.js';
import { QueuedStream } from '../streaming/queued-stream.js';
import { serveWebSocket, type WebSocketParts } from '../streaming/serve-websocket.js';
import { gate } from './gate.js';

export interface TransportServer {
  readonly url: string;
  readonly webSocketUrl: string;
  /** Every operation that was opened, in order. */
  readonly received: ReceivedOperation[];
  /** As a gateway that is stopped: streams end, requests in flight are answered. */
  stop(): void;
  close(): Promise<void>;
}

type TransportServerParts = {
  readonly open: OpenOperation;
  /** How many there may be; any number unless given. */
  readonly connections?: number;
} & Partial<Pick<WebSocketParts, 'authenticate' | 'limits'>>;

/** The client transports on a real server, over operations that a test makes up. */
export async function transportServer({
  open,
  authenticate = () => undefined,
  limits = {},
  connections,
}: TransportServerParts): Promise<TransportServer> {
  const received: ReceivedOperation[] = [];
  const server = createServer((_request, response) => response.writeHead(404).end());
  const openStreams = new OpenStreams();
  let isDraining = false;
  const idle = new IdleConnections();
  const log = pino({ level: 'silent' });
  const parts = {
    open: (operation: ReceivedOperation) => {
      received.push(operation);
      return open(operation);
    },
    deployment: 'internal',
    readClient: clientReader([]),
    ...admissions({ readOrigin: originReader([]), isHttpsRequired: false, cors: [], overload: () => null }),
    isDraining: () => isDraining,
    samplesTrace: null,
    onRequestEnd: null,
    idle,
    log,
  } as const;
  answerGraphQLFirst(server, { ...parts, isLeaving: parts.isDraining, openStreams });
  const webSockets = serveWebSocket(server, { ...parts, path: GRAPHQL_PATH, authenticate, limits });
  if (connections !== undefined) boundConnections(server, { total: connections, perAddress: Infinity }, [], idle, log);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${GRAPHQL_PATH}`,
    webSocketUrl: `ws://127.0.0.1:${port}${GRAPHQL_PATH}`,
    received,
    stop() {
      isDraining = true;
      openStreams.stop();
      webSockets.stop();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        webSockets.terminate();
        server.closeAllConnections();
      }),
  };
}

/** A stream as the gateway hands it to a transport, fed by a test. */
export interface FedStream {
  readonly opened: OpenedOperation;
  /** An event `{ data: { count } }`. */
  event(count: unknown, eventId?: string): void;
  payload(payload: object): void;
  end(): void;
  /** Resolves when the client has left before the end. */
  readonly left: Promise<void>;
  /** How many payloads the transport has asked for. */
  readonly asked: () => number;
}

export function fedStream(of: 'subscription' | 'increments' = 'subscription'): FedStream {
  const left = gate();
  const stream = new QueuedStream(() => left.open(), { maxPayloads: 1_000_000, maxCharacters: Infinity });
  let asked = 0;
  const next = stream.next.bind(stream);
  stream.next = () => {
    asked += 1;
    return next();
  };
  return {
    opened: { kind: 'stream', of, stream, headers: NO_HEADERS },
    event: (count, eventId) =>
      void stream.push(new StreamPayload(JSON.stringify({ data: { count } }), eventId ?? null)),
    payload: (payload) => void stream.push(new StreamPayload(JSON.stringify(payload))),
    end: () => stream.end(),
    left: left.opened,
    asked: () => asked,
  };
}

/** An operation that comes to one answer. */
export const answered = (data: object): OpenedOperation => ({
  kind: 'answer',
  executed: {
    answer: { data: JSON.stringify(data), passedThrough: false, objects: 0, errors: [], extensions: null },
    headers: NO_HEADERS,
    increments: null,
  },
});
