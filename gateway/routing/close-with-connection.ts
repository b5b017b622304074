import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Of each connection, the answers that wait for their turn behind another. */
const waiting = new WeakMap<Socket, Set<ServerResponse>>();

/**
 * Has an answer close with its connection where it waits behind others (pipelining: RFC 9112, section 9.3.2). Node tells
 * only the foremost that the connection has gone; all that is held until an answer closes would be held for ever.
 */
export function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket !== null) return;
  const behind = waiting.get(socket) ?? beginWaiting(socket);
  behind.add(response);
  response.once('close', () => behind.delete(response));
}

function beginWaiting(socket: Socket): Set<ServerResponse> {
  const behind = new Set<ServerResponse>();
  waiting.set(socket, behind);
  socket.once('close', () => behind.forEach(close));
  return behind;
}

function close(response: ServerResponse): void {
  if (response.closed) return; // Node has told it
  response.destroy();
  response.emit('close');
}
