import { WebSocket } from 'ws';
import { eventIn, type ConnectionListener, type ConnectionWanted, type OpenConnection } from './connection.js';

/** Subscribes over `graphql-transport-ws`. Resolves when the connection is acknowledged and every subscription was sent. */
export function openWebSocket(
  url: string,
  query: string,
  { subscriptions, token, from }: ConnectionWanted,
  { heard, broke }: ConnectionListener,
): Promise<OpenConnection> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws', {
    localAddress: from,
    perMessageDeflate: false,
  });
  const say = (message: object): void => socket.send(JSON.stringify(message));
  let isClosing = false;
  const close = (): void => {
    isClosing = true;
    socket.close(1000);
  };
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => {
      reject(new Error(why));
      if (!isClosing) broke(why);
    };
    socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    socket.on('message', (data) => {
      const text = String(data);
      const event = eventIn(text);
      if (event !== null) return heard(event);
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'ping') return say({ type: 'pong' });
      if (type !== 'connection_ack') return failed(`A WebSocket was told ${text}`);
      for (let id = 0; id < subscriptions; id++) say({ type: 'subscribe', id: String(id), payload: { query } });
      resolve({ close });
    });
    socket.on('error', ({ message }) => failed(`A WebSocket failed: ${message}`));
    socket.on('close', (code, reason) => failed(`A WebSocket was closed with ${code} ${String(reason)}`));
  });
}
