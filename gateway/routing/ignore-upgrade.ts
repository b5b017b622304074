import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

const ABOUT_UPGRADE = new Set(['upgrade', 'connection', 'http2-settings']);

/**
 * Answers a request as if it had not asked to change the protocol, which a server may (RFC 9110, section 7.8). Node hands
 * over the bare connection of every request that asks, and Java's client asks for HTTP/2 with each first one.
 */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (!ABOUT_UPGRADE.has(rawHeaders[at]!.toLowerCase())) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  // Node reads header values as latin1, so this writes the bytes that came.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
