import type { Server } from 'node:http';
import { CallerError, CONTEXT_HEADER, OperatorError, toErrorBody } from '@inevitable/contract';
import { GraphQLError, parse, type ExecutionResult } from 'graphql';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import type { HostedSubgraph } from './host-subgraph.js';
import { receiveSubscription } from './receive-subscription.js';
import { requestFacts } from './request-facts.js';
import type { VerifyContext } from './verify-context.js';

export interface ServeSocketsOptions {
  readonly path: string;
  readonly maxMessageBytes: number;
  readonly verifyContext: VerifyContext;
  readonly log: Logger;
}

export interface ServedSockets {
  /** Tells every client that the server goes (1001), and waits a second for their answers. */
  close(): Promise<void>;
}

/** How long a client may be silent before its `connection_init`; then the socket is closed with 4408. */
const INIT_WITHIN_MS = 5_000;
/** A socket that has not answered one ping by the next is gone. */
const PING_EVERY_MS = 12_000;
const CLOSE_WITHIN_MS = 1_000;
/** RFC 6455, 7.4.1 */
const GOING_AWAY = 1001;
/** No token, id or trace is longer. */
const LONGEST_FACT = 8_192;

/** What graphql-ws is told to execute: the events of each subscription are opened before, where a refusal can be told. */
const OPENED = parse('subscription { opened }');

/** As long as a socket is open. */
interface Connection {
  readonly left: AbortSignal;
}

/**
 * Subscriptions over `graphql-transport-ws`. One socket carries those of many callers, so each `subscribe` message brings
 * its caller's context token, the facts of its request and `lastEventId` in `extensions`. Without a token that holds it is
 * refused, and the others of the socket go on.
 */
export function serveSockets(subgraph: HostedSubgraph, server: Server, options: ServeSocketsOptions): ServedSockets {
  const { path, maxMessageBytes, verifyContext, log } = options;

  async function open(
    { query, operationName, variables, extensions = {} }: SubscribePayload,
    { left }: Connection,
  ): Promise<AsyncIterableIterator<ExecutionResult>> {
    const fact = (name: string): string | undefined => {
      const value = (extensions as Record<string, unknown> | null)?.[name];
      return typeof value === 'string' && value.length <= LONGEST_FACT ? value : undefined;
    };
    const context = await verifyContext(fact(CONTEXT_HEADER), requestFacts(fact, left));
    return receiveSubscription(subgraph, { query, operationName, variables }, fact('lastEventId'), context);
  }

  const protocol = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: INIT_WITHIN_MS,
    async onSubscribe({ extra }, _id, payload) {
      try {
        return { schema: subgraph.schema, document: OPENED, contextValue: await open(payload, extra) };
      } catch (error) {
        if (!(error instanceof CallerError || error instanceof OperatorError))
          log.error({ err: error }, 'a subscription could not be started');
        const { message, extensions } = toErrorBody(error);
        return [new GraphQLError(message, { extensions })];
      }
    },
    subscribe: ({ contextValue }) => contextValue as AsyncIterableIterator<ExecutionResult>,
  });

  const sockets = new WebSocketServer({ noServer: true, path, maxPayload: maxMessageBytes, handleProtocols });
  const answering = new WeakSet<WebSocket>();

  sockets.on('connection', (socket: WebSocket) => {
    const leaving = new AbortController();
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    answering.add(socket);
    socket.on('pong', () => answering.add(socket));
    // A message too large, or no WebSocket frame: ws has closed the socket with the code for it.
    socket.on('error', (error) => log.debug({ err: error }, 'a socket was closed for what it sent'));
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // Resolves when the message has left, so that no event is made for a client that does not read; and on a socket
        // that closes when it has closed, or events that are always at hand would be made without end until then.
        send: (text) =>
          socket.readyState === socket.OPEN
            ? new Promise((resolve) => socket.send(text, (error) => resolve(error ? gone : undefined)))
            : gone,
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) =>
          socket.on('message', (message) => {
            receive(String(message)).catch((error: unknown) => {
              log.warn({ err: error }, 'a message of a socket could not be answered');
              socket.close(CloseCode.InternalServerError, 'Internal server error');
            });
          }),
      },
      { left: leaving.signal },
    );
    socket.once('close', (code, reason) => {
      leaving.abort(new Error('The caller left.'));
      void closed(code, String(reason));
    });
  });

  server.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request)),
  );

  const pinging = setInterval(() => {
    for (const socket of sockets.clients) {
      if (answering.delete(socket)) socket.ping();
      else socket.terminate();
    }
  }, PING_EVERY_MS);

  return {
    async close() {
      clearInterval(pinging);
      sockets.close();
      const clients = [...sockets.clients];
      const closing = clients.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of clients) socket.close(GOING_AWAY, 'Going away');
      const patience = setTimeout(() => clients.forEach((socket) => socket.terminate()), CLOSE_WITHIN_MS);
      await Promise.all(closing);
      clearTimeout(patience);
    },
  };
}
