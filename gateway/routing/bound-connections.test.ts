import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { boundConnections } from './bound-connections.js';
import { IdleConnections } from './idle-connections.js';

let server: Server;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const logged: string[] = [];
const held: ServerResponse[] = [];

/** A server that answers at once, but for what is asked at /held. */
async function serve(limits: { total: number; perAddress: number }, trustedProxies: readonly string[] = []) {
  server = createServer((request, response) => {
    if (request.url === '/held') held.push(response);
    else request.resume().on('end', () => response.end('answer'));
  });
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  boundConnections(server, limits, trustedProxies, new IdleConnections(), log);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

interface Peer {
  readonly socket: Socket;
  readonly closed: Promise<'closed'>;
  /** Sends, and resolves with the first line that comes back, or when the connection is closed. */
  ask(text: string): Promise<string>;
}

async function peer(): Promise<Peer> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined).resume();
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed]);
  return {
    socket,
    closed,
    ask(text) {
      const answer = new Promise<string>((resolve) =>
        socket.once('data', (data) => resolve(String(data).split('\r\n', 1)[0]!)),
      );
      socket.write(text);
      return Promise.race([answer, closed]);
    },
  };
}
const peers = (count: number) => Promise.all(Array.from({ length: count }, peer));
const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK';

describe('When all connections are taken', () => {
  it('those that are slow to ask make room for those that are not; those that asked are answered', async () => {
    await serve({ total: 6, perAddress: 100 });
    const [silent, slowHead, slowBody, asked, idle, idleToo] = (await peers(6)) as [Peer, Peer, Peer, Peer, Peer, Peer];
    slowHead.socket.write('GET / HTTP/1.1\r\nx-a: ');
    slowBody.socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nabc');
    const answer = asked.ask(GET.replace('/', '/held'));
    expect([await idle.ask(GET), await idleToo.ask(GET)]).toEqual([OK, OK]);
    while (held.length === 0) await new Promise(setImmediate);

    const late = await peer();
    expect(await late.ask(GET)).toBe(OK);
    await Promise.all([silent.closed, slowHead.closed, slowBody.closed]);
    held.pop()!.end();
    expect([await answer, await idle.ask(GET), await idleToo.ask(GET)]).toEqual([OK, OK, OK]);
  });

  it('those that are idle do, where nobody is slow; a new one is closed where there is none', async () => {
    await serve({ total: 2, perAddress: 100 });
    const [asked, idle] = (await peers(2)) as [Peer, Peer];
    expect(await idle.ask(GET)).toBe(OK);
    const answer = asked.ask(GET.replace('/', '/held'));
    while (held.length === 0) await new Promise(setImmediate);
    expect(await (await peer()).ask(GET)).toBe('closed');
    await idle.closed;
    expect(await (await peer()).ask(GET)).toBe(OK);
    held.pop()!.end();
    expect(await answer).toBe(OK);
    expect(logged.filter((line) => line.includes('protection.connections.total'))).toHaveLength(2);
  });
});

describe('One address', () => {
  it('has no more than its share, and has it again when it has closed some', async () => {
    await serve({ total: 100, perAddress: 3 });
    const [first, ...others] = (await peers(3)) as [Peer, Peer, Peer];
    expect(await (await peer()).ask(GET)).toBe('closed');
    expect(await Promise.all([first, ...others].map((one) => one.ask(GET)))).toEqual([OK, OK, OK]);
    first.socket.destroy();
    const open = () => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    while ((await open()) > 2) await new Promise(setImmediate);
    expect(await (await peer()).ask(GET)).toBe(OK);
  });

  it('has any number as our own proxy', async () => {
    await serve({ total: 100, perAddress: 1 }, ['127.0.0.1']);
    for (const one of await peers(5)) expect(await one.ask(GET)).toBe(OK);
  });
});
