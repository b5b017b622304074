import type { Socket } from 'node:net';
import { Server as TLSServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';

/** How long requests in flight may take to finish before they are cut off. */
export const DRAIN_MS = 10_000;

/**
 * Prepares a server, and returns what ends it: no new connections, requests in flight finish (10 s at most), every
 * connection is closed. Node counts a connection that never sent a request, as browsers open them ahead, as busy:
 * those are closed here.
 */
export function prepareDrain(app: FastifyInstance): () => Promise<void> {
  const unused = new Set<Socket>();
  // Of TLS the socket that requests come on is another one than the connection's.
  app.server.on(app.server instanceof TLSServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  for (const use of ['request', 'upgrade'])
    app.server.on(use, ({ socket }: { socket: Socket }) => unused.delete(socket));

  return async () => {
    const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    const closed = app.close();
    for (const socket of unused) socket.destroy();
    await closed;
    clearTimeout(timer);
  };
}
