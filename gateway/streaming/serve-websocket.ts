import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { toErrorBody } from '@inevitable/contract';
import { GraphQLSchema, parse, type FormattedExecutionResult } from 'graphql';
import { handleProtocols, makeServer, type ConnectionInitMessage } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import { BODY_LIMIT_BYTES } from '../graphql-over-http/read-body.js';
import { ignoreUpgrade } from '../routing/ignore-upgrade.js';
import { WebSocketConnection, type WebSocketConnectionParts } from './web-socket-connection.js';
import { WEB_SOCKET_LIMITS, type WebSocketLimits } from './web-socket-limits.js';
import { OperationRefused, type WebSocketOperation } from './web-socket-operation.js';

export interface WebSocketParts extends WebSocketConnectionParts {
  readonly path: string;
  readonly isDraining: () => boolean;
  /** The status that a request for a WebSocket is refused with; null: it may have one. */
  readonly upgradeRefusal: (request: IncomingMessage) => number | null;
  readonly limits?: Partial<WebSocketLimits>;
}

export interface ServedWebSockets {
  /** How many are open. */
  readonly count: number;
  /** Closes every socket with 1001 once its client has what was queued for it. */
  stop(): void;
  /** Cuts off those that are left, and ends what runs for them. */
  terminate(): void;
}

/**
 * Serves `graphql-transport-ws` on an HTTP server. Credentials are tokens that a page must know, not cookies that a browser
 * adds for any page; which pages may open one is said by `upgradeRefusal`.
 */
export function serveWebSocket(server: Server, parts: WebSocketParts): ServedWebSockets {
  const limits: WebSocketLimits = { ...WEB_SOCKET_LIMITS, ...parts.limits };
  const connections = new Set<WebSocketConnection>();
  const protocol = makeProtocol(limits);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: BODY_LIMIT_BYTES,
    handleProtocols: (offered) => handleProtocols(offered),
    closeTimeout: limits.closeMs,
    clientTracking: false,
  } as ConstructorParameters<typeof WebSocketServer>[0]);

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    socket.on('error', () => socket.destroy());
    if ((request.url ?? '').split('?', 1)[0] !== parts.path) return refuse(socket, 404);
    const refusal = parts.upgradeRefusal(request);
    if (refusal !== null) return refuse(socket, refusal);
    if (parts.isDraining()) return refuse(socket, 503);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WebSocketConnection(webSocket, request, limits, parts);
      connections.add(connection);
      const closed = protocol.opened(connection, connection);
      webSocket.once('close', (code, reason) => {
        connections.delete(connection);
        void closed(code, String(reason));
      });
    });
  });

  const heartbeat = setInterval(() => {
    for (const connection of connections) connection.beat();
  }, limits.heartbeatMs).unref();

  return {
    get count() {
      return connections.size;
    },
    stop() {
      for (const connection of connections) connection.stop();
    },
    terminate() {
      clearInterval(heartbeat);
      for (const connection of connections) connection.terminate();
    },
  };
}

/** `graphql-ws` wants a document and a schema to execute; our operations are executed already when it asks. */
const OPENED = { document: parse('subscription { opened }'), schema: new GraphQLSchema({}) };

const makeProtocol = (limits: WebSocketLimits) =>
  makeServer<ConnectionInitMessage['payload'], WebSocketConnection>({
    connectionInitWaitTimeout: limits.initMs,
    onConnect(context) {
      const { extra, connectionParams, subscriptions } = context;
      // It would be kept for as long as the socket, and may be a megabyte of anything.
      delete (context as { connectionParams?: unknown }).connectionParams;
      return extra.admit(connectionParams, subscriptions);
    },
    async onSubscribe({ extra }, id, payload) {
      try {
        return { ...OPENED, contextValue: await extra.open(id, payload) };
      } catch (error) {
        if (error instanceof OperationRefused) return [error];
        throw error;
      }
    },
    subscribe: ({ contextValue }) => contextValue as WebSocketOperation,
    // Sent as it is: its errors are written already, not `GraphQLError`s.
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
    onError: (_context, _id, _payload, errors) =>
      errors.flatMap((error) => {
        const cause = error instanceof OperationRefused ? error : error.originalError;
        return cause instanceof OperationRefused ? cause.errors : [toErrorBody(cause)];
      }),
  });

const RETRY_AFTER_SECONDS = 5;

function refuse(socket: Duplex, status: number): void {
  const comeBack = status === 503 ? `Retry-After: ${RETRY_AFTER_SECONDS}\r\n` : '';
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${comeBack}Connection: close\r\nContent-Length: 0\r\n\r\n`);
}
