import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { HttpExchange, type BrokenExchange } from './http-exchange.js';
import { mayRetry } from './may-retry.js';

const failure = (code: string, { sent = true, answerBegan = false } = {}) => ({
  error: Object.assign(new Error(code), { code }),
  sent,
  answerBegan,
});
const before = { sent: false };

describe('A fetch is sent again', () => {
  it.each([
    ['a query whose connection was refused', 'query', failure('ECONNREFUSED', before)],
    ['a query whose connection took too long to make', 'query', failure('UND_ERR_CONNECT_TIMEOUT', before)],
    ['a query whose connection was reset', 'query', failure('ECONNRESET')],
    ['a query whose kept-alive connection was closed as it was written', 'query', failure('UND_ERR_SOCKET')],
    ['a mutation whose connection was refused: nothing was written', 'mutation', failure('ECONNREFUSED', before)],
    ['a mutation that the system could not connect in time', 'mutation', failure('ETIMEDOUT', before)],
  ] as const)('%s', (_what, kind, broken) => expect(mayRetry(kind, broken)).toBe(true));
});

describe('A fetch is not sent again', () => {
  it.each([
    ['a query whose answer had begun', 'query', failure('UND_ERR_SOCKET', { answerBegan: true })],
    ['a query the client could not even put together', 'query', failure('UND_ERR_INVALID_ARG', before)],
    ['a query to a client that is closed', 'query', failure('UND_ERR_CLOSED', before)],
    ['a mutation that was written', 'mutation', failure('ECONNRESET')],
    ['a mutation whose kept-alive connection was closed', 'mutation', failure('UND_ERR_SOCKET')],
    ['a mutation that was written, whatever the error says', 'mutation', failure('ECONNREFUSED')],
    ['a mutation the client could not even put together', 'mutation', failure('UND_ERR_INVALID_ARG', before)],
    ['a mutation to a client that is closed', 'mutation', failure('UND_ERR_CLOSED', before)],
  ] as const)('%s', (_what, kind, broken) => expect(mayRetry(kind, broken)).toBe(false));
});

interface Peer {
  readonly scheme: 'http' | 'https';
  readonly code: string;
  /** What becomes of a connection; null: nobody listens. */
  readonly accept: ((socket: Socket) => void) | null;
  readonly lookup?: (name: string, options: unknown, found: (error: Error) => void) => void;
}

const BODY = '{"query":"mutation { pay }"}';
const stayingSilent = (): void => undefined;
const noName: Peer['lookup'] = (_name, _options, found) => found(failure('EAI_AGAIN').error);

/** How one exchange with such a peer breaks, and every byte that came there. */
async function brokenBy({ scheme, accept, lookup }: Peer): Promise<{ broken: BrokenExchange; arrived: string }> {
  const sockets = new Set<Socket>();
  let arrived = '';
  const server = createServer((socket) => {
    sockets.add(socket.on('error', stayingSilent).on('data', (bytes) => (arrived += bytes.toString('latin1'))));
    accept?.(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (accept === null) await new Promise((closed) => server.close(closed));
  const pool = new Pool(`${scheme}://${lookup ? 'name.test' : '127.0.0.1'}:${port}`, {
    connect: { timeout: 50, ...(lookup && { lookup }) },
  });
  const broken = await new Promise<BrokenExchange>((broke, completed) => {
    const exchange = new HttpExchange({ broke, completed }, 1_000);
    pool.dispatch({ method: 'POST', path: '/graphql', headers: [], body: BODY }, exchange);
  });
  await pool.destroy();
  for (const socket of sockets) socket.destroy();
  if (accept !== null) await new Promise((closed) => server.close(closed));
  return { broken, arrived };
}

describe('A mutation is sent again after a connection that was never made, as no byte of it arrived', () => {
  it.each<[string, Peer]>([
    ['refused', { scheme: 'http', code: 'ECONNREFUSED', accept: null }],
    ['to a name that cannot be looked up now', { scheme: 'http', code: 'EAI_AGAIN', accept: null, lookup: noName }],
    ['not made in time', { scheme: 'https', code: 'UND_ERR_CONNECT_TIMEOUT', accept: stayingSilent }],
    ['reset in its handshake', { scheme: 'https', code: 'ECONNRESET', accept: (socket) => socket.resetAndDestroy() }],
  ])('%s', async (_how, peer) => {
    const { broken, arrived } = await brokenBy(peer);
    expect(broken).toMatchObject({ error: { code: peer.code }, sent: false, answerBegan: false });
    expect(mayRetry('mutation', broken)).toBe(true);
    expect(arrived).not.toContain('POST');
  });

  it.each<[string, Peer]>([
    ['but not when the connection was closed after it', { scheme: 'http', code: 'UND_ERR_SOCKET', accept: endOnData }],
    ['nor when it was reset after it', { scheme: 'http', code: 'ECONNRESET', accept: resetOnData }],
  ])('%s', async (_how, peer) => {
    const { broken, arrived } = await brokenBy(peer);
    expect(broken).toMatchObject({ error: { code: peer.code }, sent: true });
    expect(mayRetry('mutation', broken)).toBe(false);
    expect(arrived).toContain(BODY);
  });
});

function endOnData(socket: Socket): void {
  socket.on('data', () => socket.end());
}

function resetOnData(socket: Socket): void {
  socket.on('data', () => socket.resetAndDestroy());
}
