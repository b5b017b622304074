import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import { protectionKey, type Counters } from '@inevitable/gateway';
import { redisCounters, RedisUnavailable } from '@inevitable/gateway/redis-counters';
import { pino } from 'pino';
import { describeCounters } from '../../gateway/test-support/describe-counters.js';
import { entitlementsWith } from '../../gateway/test-support/protected-supergraph.js';
import { testGateway, type TestGateway } from '../../gateway/test-support/test-gateway.js';
import { TestIdentity } from '../../gateway/test-support/test-identity.js';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, until } from '../support/test-stack.js';
import { describeWithRedis, RedisServer } from './redis-server.js';

const log = pino({ level: 'silent' });
const NOW = Date.UTC(2026, 0, 1, 10, 0, 15);
const { rate_limits: settings } = protectionKey.parse({});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startRedis(password: string | null = null): Promise<RedisServer> {
  const server = await RedisServer.start(password);
  closing.push(() => server.kill());
  return server;
}

/** Tenants of the free plan, known to all gateways. */
const identity = new TestIdentity();
Object.assign(identity.ports.entitlements, {
  describe: () =>
    Promise.resolve(
      entitlementsWith({
        'gateway.units-per-minute': { kind: 'static', value: 100 },
        'gateway.units-per-hour': { kind: 'static', value: 2_000 },
        'gateway.units-per-day': { kind: 'static', value: 10_000 },
      }),
    ),
});
const someTenant = (): string => identity.accessToken({ claims: { tid: randomUUID() } });

async function gatewayOn(url: string): Promise<TestGateway> {
  const logged: string[] = [];
  const counters = await redisCounters(url, { log: pino({ level: 'warn' }, { write: (line) => logged.push(line) }) });
  const rateLimits = { mode: 'enforce', settings, counters, now: () => NOW } as const;
  const gateway = await testGateway({ identityUsed: identity, rateLimits });
  closing.push(() => gateway.close().then(() => counters.close()));
  return { ...gateway, logged };
}

const readiness = async (gateway: TestGateway) => {
  const { status, parts } = (await (await gateway.get('/ready')).json()) as {
    status: string;
    parts: { name: string; reason: string | null }[];
  };
  return { status, redis: parts.find(({ name }) => name === 'redis')!.reason };
};

let shared: RedisServer;
describeCounters(
  'Counting in Redis',
  async (): Promise<Counters> => {
    shared = await RedisServer.start();
    const counters = await redisCounters(shared.url, { log });
    return {
      take: (...args) => counters.take(...args),
      health: () => counters.health(),
      close: () => counters.close().then(() => shared.kill()),
    };
  },
  describeWithRedis,
);

describeWithRedis('Two gateways on one Redis', () => {
  it('grant a tenant its units once between them, under parallel load, and another tenant its own', async () => {
    const { url } = await startRedis();
    const [one, other] = [await gatewayOn(url), await gatewayOn(url)];
    const [ada, gus] = [someTenant(), someTenant()];
    const ask = async (gateway: TestGateway, token: string) => (await gateway.query('{ open }', { token })).status;
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => ask(index % 2 === 0 ? one : other, ada)),
    );
    expect(answers.filter((status) => status === 200)).toHaveLength(150); // a minute's 100, and the burst's 50
    expect(answers.filter((status) => status === 429)).toHaveLength(150);
    expect(await Promise.all([ask(one, gus), ask(other, gus)])).toEqual([200, 200]);
    const { body } = await other.query('{ open }', { token: gus });
    expect(body.extensions.budget).toMatchObject({ hour: { remaining: 1_997 }, day: { remaining: 9_997 } });
  });
});

describeWithRedis('A gateway whose Redis', () => {
  it('is gone says so, goes on answering by its own count, and is ready when it is back', async () => {
    const server = await startRedis('a-secret');
    const gateway = await gatewayOn(server.url);
    const ada = someTenant();
    expect((await gateway.query('{ open }', { token: ada })).headers.get('ratelimit-remaining')).toBe('99');
    await server.kill();
    await until('it is not ready', async () => (await readiness(gateway)).status === 'not ready');
    expect((await readiness(gateway)).redis).toContain(`Redis at 127.0.0.1:${server.port} is not connected: `);
    const answers = await Promise.all(Array.from({ length: 160 }, () => gateway.query('{ open }', { token: ada })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(150);
    await server.start();
    await until('it is ready', async () => (await readiness(gateway)).status === 'ready');
    expect((await gateway.query('{ open }', { token: ada })).headers.get('ratelimit-remaining')).toBe('99');
    expect(gateway.logged.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'Redis is gone; rates are counted in this gateway',
      'Redis is connected again; rates are counted for all gateways',
    ]);
    expect(gateway.logged.join()).not.toContain('a-secret');
  });

  it('hangs answers all the same, and is ready when it goes on', async () => {
    const server = await startRedis();
    const gateway = await gatewayOn(server.url);
    server.hang();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => gateway.query('{ open }', { token: someTenant() })),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect((await readiness(gateway)).redis).toContain('it did not answer within 250 ms');
    server.goOn();
    await until('it is ready', async () => (await readiness(gateway)).status === 'ready');
  });
});

describeWithRedis('REDIS_URL', () => {
  it('may hold a password, which no message repeats', async () => {
    const server = await startRedis('a-secret');
    await (await redisCounters(server.url, { log })).close();
    const refusal = async (url: string): Promise<unknown> => {
      const error: unknown = await redisCounters(url, { log }).catch((reason: unknown) => reason);
      return error instanceof RedisUnavailable ? error.message : error;
    };
    const place = `127.0.0.1:${server.port}`;
    const wrong = `Redis at ${place} cannot be used: it refuses the user or the password`;
    expect(await refusal(`redis://:another-secret@${place}`)).toBe(wrong);
    expect(await refusal(`redis://somebody:another-secret@${place}`)).toBe(wrong);
    expect(await refusal(`redis://${place}`)).toBe(wrong);
  });

  it.each([['start'], ['start', 'gateway']].map((args) => [args.join(' '), args]))(
    'stops `stack %s` in one sentence where Redis is down',
    async (_name, args) => {
      const port = await freePort();
      const stack = runStack(args as string[], {
        DATA_DIR: await temporaryDirectory(),
        PORT: '0',
        RATE_LIMITS: 'enforce',
        REDIS_URL: `redis://:a-secret@127.0.0.1:${port}`,
      });
      expect(await stack.ended).toBe(1);
      expect(
        stack
          .output()
          .split('\n')
          .filter((line) => line.startsWith('stack: ')),
      ).toEqual([
        `stack: REDIS_URL is set, and Redis at 127.0.0.1:${port} cannot be used: connection refused. Start it, correct REDIS_URL, or unset it.`,
      ]);
      expect(stack.output()).not.toContain('a-secret');
    },
  );
});
