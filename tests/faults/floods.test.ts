import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { startGuardedGateway, type GuardedGateway } from '../support/start-guarded-gateway.js';
import { until } from '../support/test-stack.js';

/** What a flood may make the gateway grow by. */
const MOST_MEGABYTES = 300;
const SUBGRAPH = { takesMs: 2, atOnce: 5 };

let gateway: GuardedGateway;
beforeAll(async () => {
  gateway = await startGuardedGateway(SUBGRAPH, { connections: { total: 1_500, perAddress: 10_000 } });
});
afterAll(() => gateway.stop());

let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

/** The other tenant. */
async function answers({ url, tokens } = gateway): Promise<boolean> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[1]}` },
    body: '{"query":"{ slow }"}',
  });
  return response.status === 200 && ((await response.json()) as { data: unknown }).data !== null;
}

interface SlowClient {
  readonly socket: Socket;
  /** What it was told by then. */
  readonly closed: Promise<string>;
}

function slowClient(): SlowClient {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  let told = '';
  socket.on('error', () => undefined).on('data', (data) => (told += String(data)));
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(told.split('\r\n', 1)[0]!))) };
}

/** Runs `flood`, while another tenant asks on and on; answers what the gateway grew by, in megabytes. */
async function grownBy(flood: () => Promise<unknown>): Promise<number> {
  const before = await gateway.residentMegabytes();
  let most = before;
  let isOver = false;
  const flooding = flood().finally(() => (isOver = true));
  while (!isOver) {
    expect(await answers()).toBe(true);
    most = Math.max(most, await gateway.residentMegabytes());
  }
  await flooding;
  return most - before;
}

const token = () => ({ authorization: `Bearer ${gateway.tokens[0]}` });
const post = async (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<number> => {
  const all = { 'content-type': 'application/json', ...token(), ...headers };
  const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers: all, body });
  await response.arrayBuffer();
  return response.status;
};
const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
const batch = JSON.stringify(Array.from({ length: 10_000 }, () => ({ query: '{ slow }' })));
const aliases = JSON.stringify({ query: `{ ${Array.from({ length: 80_000 }, (_, at) => `a${at}:slow`).join(' ')} }` });

describe('Clients that send slowly', () => {
  const HEAD = 'POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';

  it('are told so and closed, those who send their head in 10 s, those who send their body in 30 s', async () => {
    const began = performance.now();
    const silent = slowClient();
    const head = slowClient();
    head.socket.write(HEAD);
    const body = slowClient();
    body.socket.write(`${HEAD}content-length: 1000\r\n\r\n{`);
    const trickle = setInterval(() => {
      head.socket.write('x-a: b\r\n');
      body.socket.write(' ');
    }, 500);
    const seconds = async ({ closed }: SlowClient) => [await closed, (performance.now() - began) / 1_000] as const;
    const outcomes = await Promise.all([silent, head, body].map(seconds));
    clearInterval(trickle);
    expect(outcomes.map(([told]) => told)).toEqual(Array.from({ length: 3 }, () => 'HTTP/1.1 408 Request Timeout'));
    expect(outcomes[0]![1]).toBeLessThan(20);
    expect(outcomes[1]![1]).toBeLessThan(20);
    expect(outcomes[2]![1]).toBeLessThan(40);
  });

  it('are closed for whoever does not, however many they are', async () => {
    const grown = await grownBy(async () => {
      for (let wave = 0; wave < 40; wave++) {
        const clients = Array.from({ length: 100 }, slowClient);
        await Promise.all(clients.map(({ socket }) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
        for (const { socket } of clients)
          socket.write(wave % 2 === 0 ? HEAD : `${HEAD}content-length: 1000000\r\n\r\n${' '.repeat(10_000)}`);
      }
    });
    expect(grown).toBeLessThan(MOST_MEGABYTES);
  });
});

describe('A flood of', () => {
  const onAndOn = (ask: () => Promise<number>, status: readonly number[]) => async () => {
    const many = Array.from({ length: 16 }, async () => {
      for (let at = 0; at < 15; at++) expect(status).toContain(await ask());
    });
    await Promise.all(many);
  };

  it.each<[string, () => Promise<number>, number]>([
    ['JSON of 400,000 levels', () => post(`{"query":"{ slow }","variables":{"a":${deep}}}`), 400],
    ['batches of 10,000 operations', () => post(batch), 400],
    ['80,000 aliases', () => post(aliases), 400],
    ['bodies of 10 MB', () => post(Buffer.alloc(10_000_000, ' ')), 413],
    ['compressed bodies', () => post(Buffer.alloc(1_000_000), { 'content-encoding': 'gzip' }), 415],
  ])('%s is refused, in bounded memory, and others are answered meanwhile', async (_what, ask, status) => {
    // Ahead of it a tenant's own share is refused: what waits is bounded, too.
    expect(await grownBy(onAndOn(ask, [status, 503]))).toBeLessThan(MOST_MEGABYTES);
  });

  it('10,000 subscribes and a message of 100 MB on one WebSocket likewise', async () => {
    const grown = await grownBy(async () => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
      socket.on('error', () => undefined);
      await once(socket, 'open');
      socket.send('{"type":"connection_init"}');
      await once(socket, 'message');
      let heard = 0;
      socket.on('message', () => heard++);
      for (let id = 0; id < 10_000; id++)
        socket.send(JSON.stringify({ type: 'subscribe', id: String(id), payload: { query: '{ slow }' } }));
      await until('each was answered or refused', async () => heard >= 10_000);
      socket.send('x'.repeat(100_000_000));
      const [code] = (await once(socket, 'close')) as [number];
      expect(code).toBe(1009);
    });
    expect(grown).toBeLessThan(MOST_MEGABYTES);
  });
});

describe('A gateway that has too much to do', () => {
  it.each([
    ['whose event loop is busy', { busyMs: 700 }, 'event loop'],
    ['whose heap is full', { heapPercent: 75 }, 'heap'],
  ])('and %s refuses what comes, says why it is not ready, and goes on afterwards', async (_why, burden, reason) => {
    const burdened = await startGuardedGateway(SUBGRAPH, {}, 200);
    try {
      expect(await answers(burdened)).toBe(true);
      await burdened.burden(burden);
      await until('it refuses', async () => (await fetch(`${burdened.url}/graphql?query={slow}`)).status === 503);
      const refused = await fetch(`${burdened.url}/graphql?query={slow}`);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await (await fetch(`${burdened.url}/ready`)).text()).toContain(reason);
      expect((await fetch(`${burdened.url}/live`)).status).toBe(200);
      await burdened.burden({});
      await until('it answers again', () => answers(burdened));
      expect(burdened.exitCode()).toBeNull();
    } finally {
      burdened.stop();
    }
  });
});
