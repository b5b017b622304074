import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TLSServer } from 'node:tls';
import { addressKey, withinRanges } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { ConnectionsSettings } from '../protection/connections-settings.js';
import type { IdleConnections } from './idle-connections.js';

/** How many are closed at once to make room: to look for one takes a look at all. */
const CLOSED_AT_ONCE = 64;
/** How long it is not looked again where none was found, and nothing more is written to the log. */
const LOOK_AGAIN_MS = 1_000;
const WARN_AGAIN_MS = 60_000;

/**
 * Bounds the connections of a server. One address cannot have all of them. When all are taken, WebSockets without an
 * operation make room for new ones; then those that have been sending a request for the longest, so that however many send
 * slowly, whoever does not is let in; then those that are kept between requests.
 */
export function boundConnections(
  server: Server,
  { total, perAddress }: ConnectionsSettings,
  trustedProxies: readonly string[],
  idleWebSockets: IdleConnections,
  log: Logger,
  now = () => performance.now(),
): void {
  const isTrusted = trustedProxies.length > 0 ? withinRanges(trustedProxies) : () => false;
  const ofAddress = new Map<string, number>();
  /** In the order in which they came, with the last request of each; null: there was none yet. */
  const open = new Map<Socket, IncomingMessage | null>();
  let lookAgainAt = 0;
  let warnAgainAt = 0;

  function warn(message: string): void {
    if (now() < warnAgainAt) return;
    warnAgainAt = now() + WARN_AGAIN_MS;
    log.warn({ connections: open.size }, message);
  }

  /** Connections that have one complete request are idle, or being answered. */
  function makeRoom(): void {
    if (now() < lookAgainAt) return;
    let closed = 0;
    for (const [socket, cutOff] of idleWebSockets) {
      if (!open.delete(socket as Socket)) continue; // it was closed to make room before
      cutOff();
      if (++closed === CLOSED_AT_ONCE) return;
    }
    if (closed > 0) return;
    for (const [socket, request] of open) {
      if (request?.complete) continue;
      open.delete(socket);
      socket.destroy();
      if (++closed === CLOSED_AT_ONCE) return;
    }
    if (closed > 0) return;
    lookAgainAt = now() + LOOK_AGAIN_MS;
    server.closeIdleConnections();
  }

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isTrusted(remoteAddress)) return;
    const key = addressKey(remoteAddress);
    const count = (ofAddress.get(key) ?? 0) + 1;
    if (count > perAddress) {
      warn('One address has as many connections as it may (protection.connections.per_address).');
      return void socket.destroy();
    }
    ofAddress.set(key, count);
    socket.once('close', () => {
      const left = ofAddress.get(key)! - 1;
      if (left > 0) ofAddress.set(key, left);
      else ofAddress.delete(key);
    });
  });
  // Of TLS the socket that requests come on is another one than the connection's.
  server.on(server instanceof TLSServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (socket.destroyed) return;
    if (open.size >= total) {
      warn('All connections are taken (protection.connections.total).');
      makeRoom();
      if (open.size >= total) return void socket.destroy();
    }
    open.set(socket, null);
    socket.once('close', () => open.delete(socket));
  });
  for (const use of ['request', 'upgrade'])
    server.on(use, (request: IncomingMessage) => {
      if (open.has(request.socket)) open.set(request.socket, request);
    });
}
