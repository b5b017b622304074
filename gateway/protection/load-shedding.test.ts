import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { LoadShedding } from './load-shedding.js';
import type { Load } from './read-load.js';
import { DEFAULT_SHEDDING } from './shedding-settings.js';

const QUIET: Load = { eventLoopDelayMs: 1, heapPercent: 30 };

describe('What is too much', () => {
  const late = (eventLoopDelayMs: number): Load => ({ ...QUIET, eventLoopDelayMs });
  const full = (heapPercent: number): Load => ({ ...QUIET, heapPercent });

  it.each<[string, readonly Load[], readonly boolean[]]>([
    [
      'is late turns twice in a row, until there are far fewer',
      [600, 10, 600, 700, 400, 251, 250, 400].map(late),
      [false, false, false, true, true, true, false, false],
    ],
    [
      'is a full heap twice in a row, until there is room again',
      [91, 91, 89, 82, 81, 89].map(full),
      [false, true, true, true, false, false],
    ],
    ['is either of them', [late(501), full(91), late(300), full(82), QUIET], [false, true, true, true, false]],
    ['is not what has just been borne', [late(500), full(90), late(500)], [false, false, false]],
  ])('%s', (_what, loads, expected) => {
    let load = QUIET;
    const logged: string[] = [];
    const log = pino({}, { write: (line: string) => void logged.push(line) });
    const shedding = new LoadShedding(DEFAULT_SHEDDING, { read: () => load, close: () => undefined }, log);
    const seen = loads.map((one) => {
      load = one;
      shedding.look();
      return shedding.isShedding;
    });
    expect(seen).toEqual(expected);
    const turns = expected.filter((is, at) => is !== (expected[at - 1] ?? false)).length;
    expect(logged).toHaveLength(turns);
    shedding.close();
  });
});

describe('A gateway with more to do than it can', () => {
  let load = QUIET;
  let gateway: TestGateway;
  let socket: WebSocket;
  const said: Record<string, unknown>[] = [];
  const until = async (status: number) => {
    while ((await gateway.get('/ready')).status !== status);
  };
  beforeAll(async () => {
    gateway = await testGateway({
      load: { read: () => load, close: () => undefined },
      corsRules: [{ host: null, origin: 'https://app.test' }],
    });
    socket = new WebSocket(gateway.url.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
    socket.on('message', (data) => void said.push(JSON.parse(String(data)) as Record<string, unknown>));
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    load = { eventLoopDelayMs: 900, heapPercent: 30 };
    await until(503);
  });
  afterAll(async () => {
    socket.terminate();
    await gateway.close();
  });

  const message = 'This gateway has more to do than it can. Try again in a moment.';
  const inGraphQL = { errors: [{ message, extensions: { code: 'OVERLOADED', retryAfterSeconds: 5 } }] };

  it('says so before it reads what is asked, when to come back, and to a page of another origin too', async () => {
    const { status, headers, body } = await gateway.query('{ open }', { headers: { origin: 'https://app.test' } });
    expect([status, body]).toEqual([503, inGraphQL]);
    expect(headers.get('retry-after')).toBe('5');
    expect(headers.get('connection')).toBe('close');
    expect(headers.get('access-control-allow-origin')).toBe('https://app.test');
    expect((await gateway.get('/graphql?query={open}')).status).toBe(503);
  });

  it('says so for a product too', async () => {
    const response = await gateway.get('/auth/login', { method: 'POST', body: 'x' });
    expect([response.status, await response.json()]).toEqual([503, { error: { code: 'OVERLOADED', message } }]);
  });

  it('says so over a WebSocket that is open, and opens no other', async () => {
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: '{ open }' } }));
    await once(socket, 'message');
    expect(said.at(-1)).toEqual({ type: 'error', id: '1', payload: inGraphQL.errors });
    const another = new WebSocket(socket.url, 'graphql-transport-ws');
    const [, response] = (await once(another, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(503);
    another.on('error', () => undefined).terminate();
  });

  it('is not ready, and says why; it lives, and answers when it can again', async () => {
    const { parts } = (await (await gateway.get('/ready')).json()) as { parts: { name: string }[] };
    expect(parts.find(({ name }) => name === 'load')).toEqual({
      name: 'load',
      ready: false,
      reason: 'the event loop is 900 ms late',
    });
    expect((await gateway.get('/live')).status).toBe(200);
    expect((await gateway.get('/health')).status).toBe(503);
    load = QUIET;
    await until(200);
    expect((await gateway.query('{ open }')).body).toEqual({ data: { open: 'everybody' } });
    expect(gateway.logged.filter((line) => line.includes('Requests are'))).toHaveLength(2);
  });
});
