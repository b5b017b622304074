import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerOptions } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer, type WebSocket } from 'ws';

export interface WebsocketPeer {
  /** ws: */
  readonly url: string;
  /** All there ever were. */
  readonly sockets: readonly WebSocket[];
  /** The requests they began with. */
  readonly requests: readonly IncomingMessage[];
  /** What was received on any of them. */
  readonly messages: readonly Message[];
  close(): Promise<void>;
}

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly query: string; readonly extensions?: Readonly<Record<string, string>> };
}

/** A real WebSocket server for `graphql-transport-ws`, which says only what `answer` has it say. */
export async function websocketPeer(
  answer: (message: Message, socket: WebSocket) => void = () => undefined,
): Promise<WebsocketPeer> {
  const messages: Message[] = [];
  return serve(
    (server) =>
      server.on('connection', (socket) =>
        socket.on('message', (data) => {
          const message = JSON.parse(String(data)) as Message;
          messages.push(message);
          answer(message, socket);
        }),
      ),
    messages,
  );
}

/** One that any GraphQL server might be: `graphql-ws`'s own. */
export const graphqlWebsocketPeer = (options: ServerOptions): Promise<WebsocketPeer> =>
  serve((server) => void useServer(options, server), []);

async function serve(begin: (server: WebSocketServer) => void, messages: Message[]): Promise<WebsocketPeer> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, handleProtocols: () => 'graphql-transport-ws' });
  const sockets: WebSocket[] = [];
  const requests: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    sockets.push(socket);
    requests.push(request);
  });
  begin(server);
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`,
    sockets,
    requests,
    messages,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.terminate();
        server.close();
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

export const say = (socket: WebSocket, message: object): void => socket.send(JSON.stringify(message));

/** Acknowledges the connection, and leaves the rest to `answer`. */
export const acknowledging =
  (answer: (message: Message, socket: WebSocket) => void = () => undefined) =>
  (message: Message, socket: WebSocket): void => {
    if (message.type === 'connection_init') say(socket, { type: 'connection_ack' });
    else if (message.type === 'ping') say(socket, { type: 'pong' });
    else answer(message, socket);
  };
