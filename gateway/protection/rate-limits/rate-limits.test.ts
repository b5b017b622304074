import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  apiKeySecretHash,
  Forbidden,
  newApiKeySecret,
  printApiKey,
  type ApiKeyId,
  type Entitlements,
  type Feature,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import fc from 'fast-check';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { proceed, reject, type GatewayExtension } from '../../extensions/gateway-extension.js';
import { entitlementsWith, nobody } from '../../test-support/protected-supergraph.js';
import { testGateway, type TestGateway } from '../../test-support/test-gateway.js';
import { TestIdentity } from '../../test-support/test-identity.js';
import { limitsOfCaller } from './limits-of-caller.js';
import { memoryCounters } from './memory-counters.js';
import { RATE_FEATURES } from './rate-features.js';
import { rateLimitsKey } from './rate-limit-settings.js';
import type { RateLimitsOptions } from './rate-limiter.js';

const START = Date.UTC(2026, 0, 1, 10, 0, 15);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** One unit each. */
const OPEN = '{ open }';
/** Ten notes are assumed, and two are there: two units, of which one comes back. */
const NOTES = '{ notes { author { id } } }';
/** An even number of units. */
const worth = (units: number): string =>
  `{ ${Array.from({ length: units / 2 }, (_, index) => `a${index}: notes { author { id } }`).join(' ')} }`;

let day = 0;
let now = START;
const identity = new TestIdentity();
const plans = new Map<string, Entitlements>();
let describeFails = false;
Object.assign(identity.ports.entitlements, {
  describe: (tenantId: TenantId) =>
    describeFails ? Promise.reject(new Error('Identity is down.')) : Promise.resolve(plans.get(tenantId)!),
});

const planned = (plan: string): Readonly<Record<string, Feature>> =>
  Object.fromEntries(Object.entries(RATE_FEATURES).map(([name, byPlan]) => [name, byPlan[plan]!]));

const numbers = (perMinute: unknown, perHour: unknown = 2_000, perDay: unknown = 10_000) => ({
  'gateway.units-per-minute': { kind: 'static', value: perMinute } as const,
  'gateway.units-per-hour': { kind: 'static', value: perHour } as const,
  'gateway.units-per-day': { kind: 'static', value: perDay } as const,
});

/** A tenant of its own, and who asks in it. */
function tenant(features: Readonly<Record<string, Feature>>) {
  const tid = randomUUID();
  plans.set(tid, entitlementsWith(features, 'digest-1'));
  return {
    tid,
    person: (claims: object = {}) =>
      identity.accessToken({ claims: { sub: randomUUID(), sid: randomUUID(), tid, ...claims } }),
    key() {
      const [id, secret] = [randomUUID() as ApiKeyId, newApiKeySecret()];
      const key = { id, tenantId: tid as TenantId, plan: 'free', entitlementsDigest: 'digest-1' };
      const rest = { creator: randomUUID() as UserId, may: [], allowedIps: [], rev: 0 };
      const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
      const before = identity.apiKeyVerdict;
      identity.apiKeyVerdict = async (presented) =>
        presented.id === id && presented.secretHash === apiKeySecretHash(secret)
          ? { kind: 'holds', key: { ...key, ...rest, expiresAt } }
          : before(presented);
      return printApiKey({ deployment: 'internal', id, secret });
    },
  };
}

const limited = (changes: Partial<RateLimitsOptions> = {}): RateLimitsOptions => ({
  mode: 'enforce',
  settings: rateLimitsKey.parse({ anonymous_per_minute: 12 }),
  counters: memoryCounters(),
  now: () => now,
  ...changes,
});

/** What is refused after it was counted. */
const refusesByName: GatewayExtension = {
  name: 'refuses-by-name',
  contract: 1,
  onOperation: ({ operationName }) => (operationName === 'Refused' ? reject(new Forbidden()) : proceed),
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway({
    identityUsed: identity,
    trustedProxies: ['127.0.0.1'],
    rateLimits: limited(),
    extensions: [refusesByName],
  });
});
afterAll(() => gateway.close());
beforeEach(() => {
  now = START + ++day * DAY; // nothing that was counted before counts
  describeFails = false;
});

interface Asking {
  readonly token?: string;
  readonly from?: string;
  readonly query?: string;
  readonly of?: TestGateway;
}

/** What became of so many operations, one after the other: how many passed, and the last answer. */
async function ask(times: number, { token, from, query = OPEN, of = gateway }: Asking) {
  let passed = 0;
  let last: Awaited<ReturnType<TestGateway['query']>> | null = null;
  for (let asked = 0; asked < times; asked++) {
    last = await of.query(query, { ...(token && { token }), ...(from && { headers: { 'x-forwarded-for': from } }) });
    if (last.status === 200) passed++;
  }
  const header = (name: string) => last!.headers.get(name);
  return {
    passed,
    status: last!.status,
    body: last!.body,
    retryAfter: header('retry-after'),
    rates: ['limit', 'remaining', 'reset', 'policy'].map((name) => header(`ratelimit-${name}`)).join(' '),
  };
}

describe('A rate limit', () => {
  it('lets a tenant of the free plan ask for 100 units a minute and a burst of 50, and says when to come back', async () => {
    const acme = tenant(planned('free'));
    const ada = acme.person();
    expect(await ask(1, { token: ada })).toMatchObject({ passed: 1, rates: '100 99 45 100;w=60' });
    expect(await ask(1, { token: ada, query: worth(98) })).toMatchObject({ passed: 1, rates: '100 1 45 100;w=60' });
    expect(await ask(1, { token: ada })).toMatchObject({ passed: 1, rates: '100 0 45 100;w=60' });
    expect(await ask(1, { token: ada, query: worth(50) })).toMatchObject({ passed: 1, rates: '100 0 45 100;w=60' });
    expect(await ask(1, { token: acme.person() })).toEqual({
      passed: 0,
      status: 429,
      retryAfter: '45',
      rates: '100 0 45 100;w=60',
      body: {
        errors: [
          {
            message:
              "The operation takes 1 of your tenant's units per minute: 0 of 100 are left. Come back after Retry-After.",
            extensions: {
              code: 'RATE_LIMITED',
              retryAfterSeconds: 45,
              limit: 'tenant',
              units: 1,
              quota: 100,
              windowSeconds: 60,
              remaining: 0,
              resetSeconds: 45,
            },
          },
        ],
      },
    });
    now += 45_000;
    expect(await ask(1, { token: ada, query: worth(100) })).toMatchObject({ passed: 1 });
    expect(await ask(1, { token: ada })).toMatchObject({ status: 429 }); // the burst is once in ten minutes
    now += 10 * MINUTE;
    expect(await ask(1, { token: ada, query: worth(100) })).toMatchObject({ passed: 1 });
    expect(await ask(1, { token: ada, query: worth(50) })).toMatchObject({ passed: 1 });
  });

  it('of one tenant, one person, one key and one address is not another’s, however much is asked for', async () => {
    const [acme, globex] = [tenant(numbers(10)), tenant(numbers(10))];
    const [flooding, others] = [acme.person(), globex.person()];
    await Promise.all(Array.from({ length: 30 }, () => gateway.query(OPEN, { token: flooding })));
    expect(await ask(1, { token: flooding })).toMatchObject({ status: 429 });
    expect(await ask(15, { token: others })).toMatchObject({ passed: 15 });
    expect(await ask(1, { token: globex.key() })).toMatchObject({ status: 429 }); // a key takes of its tenant's
    expect(await ask(30, { from: '198.51.100.7' })).toMatchObject({ passed: 18, status: 429 });
    expect(await ask(1, { from: '198.51.100.8' })).toMatchObject({ passed: 1 });
    // Somebody of the same id in another tenant is somebody else.
    const [one, other] = [tenant(numbers(2_000)), tenant(numbers(2_000))];
    const sub = randomUUID();
    await ask(1, { token: one.person({ sub }), query: OPEN });
    expect(await ask(1, { token: other.person({ sub }) })).toMatchObject({ rates: '1000 999 45 1000;w=60' });
  });

  it('leaves the others of a tenant their half of a minute, and gives a key all of it', async () => {
    const acme = tenant(numbers(300, 100_000, 100_000));
    const greedy = acme.person();
    await ask(1, { token: greedy, query: worth(100) });
    await ask(1, { token: greedy, query: worth(74) }); // of the burst
    const over = await ask(3, { token: greedy, query: worth(52) });
    expect(over).toMatchObject({ passed: 0, rates: '150 50 45 150;w=60' });
    expect(over.body.errors[0].extensions).toMatchObject({ limit: 'user', quota: 150 });
    const key = acme.key();
    expect(await ask(1, { token: key, query: worth(100) })).toMatchObject({ passed: 1, rates: '300 26 45 300;w=60' });
    expect(await ask(1, { token: key, query: worth(100) })).toMatchObject({ passed: 1 }); // of the tenant's burst
    expect(await ask(1, { token: key, query: worth(100) })).toMatchObject({ status: 429 });
    expect(await ask(1, { token: acme.person(), query: worth(26) })).toMatchObject({ passed: 1 });
  });

  it('counts the IPv6 addresses of one network as one', async () => {
    await ask(18, { from: '2001:db8::1' });
    expect((await ask(1, { from: '2001:db8::2' })).body.errors[0].extensions).toMatchObject({ limit: 'address' });
    expect(await ask(1, { from: '2001:db8:0:1::1' })).toMatchObject({ passed: 1 });
  });

  it('refuses an operation for good that is larger than a whole minute, and keeps small ones going', async () => {
    const ada = tenant(numbers(1)).person();
    for (let asked = 0; asked < 3; asked++) {
      const { status, retryAfter, body } = await ask(1, { token: ada, query: NOTES });
      expect({ status, retryAfter }).toEqual({ status: 400, retryAfter: null });
      expect(body.errors[0].extensions).toEqual({
        code: 'COST_ESTIMATED_TOO_EXPENSIVE',
        cost: { estimated: 20, limit: 10 },
        limit: 'tenant',
      });
    }
    expect(await ask(1, { token: ada })).toMatchObject({ passed: 1 });
  });

  it('refuses an operation that is too large for now, and keeps small ones going', async () => {
    const ada = tenant(numbers(4)).person();
    await ask(3, { token: ada });
    expect(await ask(2, { token: ada, query: NOTES })).toMatchObject({ passed: 1, status: 429 }); // the burst, and no more
    expect(await ask(2, { token: ada })).toMatchObject({ passed: 1, status: 429 });
  });

  it('is no service’s', () => {
    const read = limitsOfCaller(rateLimitsKey.parse({}));
    expect(read({ ...nobody(), caller: { kind: 'service', service: 'worker' } }, null, now)).toBeNull();
  });

  it('of an IPv6 network of 48 bits is 16 addresses’, whatever the number it asks from', async () => {
    const from = (at: number) => ({ from: `2001:db8:5:${at}::1` });
    for (let at = 0; at < 16 + 8; at++) expect(await ask(12, from(at))).toMatchObject({ passed: 12 }); // 8: its burst
    const refused = await ask(1, from(24));
    expect(refused.body.errors[0].extensions).toMatchObject({ limit: 'network', quota: 16 * 12, remaining: 0 });
    expect(await ask(1, { from: '2001:db8:6::1' })).toMatchObject({ passed: 1 });
  });

  it('tells 20,000 addresses of a minute apart, 64 of a network; all further ones share 1,024 windows by chance', () => {
    const read = limitsOfCaller(rateLimitsKey.parse({}));
    const whoIs = (address: string, reading = read) =>
      reading({ ...nobody(), client: { address, agent: null } }, null, now)!.all.map(({ who }) => who);
    for (let index = 0; index < 100; index++) whoIs(`2001:db8:0:${index.toString(16)}::1`);
    expect(whoIs('2001:db8:0:3f::1')).toEqual(['address:2001:db8:0:3f::/64', 'network:2001:db8:0::/48']);
    expect(whoIs('2001:db8:0:40::1')).toEqual(['network:2001:db8:0::/48']);
    expect(whoIs('192.0.2.1')).toEqual(['address:192.0.2.1']);
    for (let index = 0; index < 20_000; index++) whoIs(`10.0.${index >> 8}.${index & 255}`);
    const late = Array.from({ length: 500 }, (_, index) => whoIs(`198.51.${index >> 8}.${index & 255}`)[0]!);
    expect(new Set(late).size).toBeGreaterThan(300);
    // Whoever floods from a network has one of these windows, and which one nobody knows.
    const flooding = new Set(Array.from({ length: 500 }, (_, at) => whoIs(`2001:db8:9:${at.toString(16)}::1`)[0]!));
    expect(flooding.size).toBe(1);
    const [flooded] = flooding;
    expect(late.filter((who) => who === flooded).length).toBeLessThan(10);
    now += MINUTE;
    expect(whoIs('198.51.0.1')).toEqual(['address:198.51.0.1']);
  });

  it('keeps a bounded number of windows, whichever addresses ask', () => {
    const group = fc.integer({ min: 0, max: 40 }).map((at) => at.toString(16));
    const six = fc.tuple(group, group, fc.integer({ min: 0, max: 9 })).map(([a, b, c]) => `2001:db8:${a}:${b}::${c}`);
    const four = fc
      .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 255 }))
      .map(([a, b]) => `10.0.${a}.${b}`);
    const bounds = { addresses: 30, ofNetwork: 4, others: 8 };
    fc.assert(
      fc.property(fc.array(fc.oneof(six, four), { minLength: 50, maxLength: 150 }), (clients) => {
        const read = limitsOfCaller(rateLimitsKey.parse({}), bounds);
        const client = { ...nobody(), client: { address: '', agent: null } };
        const windows = new Set<string>();
        const ofNetworks = new Map<string, Set<string>>();
        for (const address of clients) {
          const limits = read({ ...client, client: { address, agent: null } }, null, now)!;
          const [first, second] = limits.all;
          for (const { key } of limits.all) windows.add(key);
          if (second) ofNetworks.set(second.key, (ofNetworks.get(second.key) ?? new Set()).add(first!.key));
        }
        expect(windows.size).toBeLessThanOrEqual(2 * bounds.addresses + bounds.others);
        for (const addresses of ofNetworks.values()) expect(addresses.size).toBeLessThanOrEqual(bounds.ofNetwork);
      }),
      { numRuns: 50 },
    );
  });

  it('is told over a WebSocket as it is over HTTP', async () => {
    const token = tenant(numbers(1, 1_000, 1_000)).person();
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    const once = () =>
      new Promise<unknown>((resolve) => {
        client.subscribe({ query: OPEN }, { next: resolve, error: resolve, complete: () => undefined });
      });
    expect(await once()).toMatchObject({
      data: { open: 'everybody' },
      extensions: { budget: { hour: { limit: 1_000 } } },
    });
    expect(await once()).toMatchObject([
      { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 45, limit: 'tenant', remaining: 0 } },
    ]);
    await client.dispose();
  });
});

describe('What is refused before its cost is known', () => {
  const post = (address: string, body: object) =>
    gateway.get('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify(body),
    });
  const REFUSED = [
    { query: '{ nope }' },
    { query: '{ unparsable' },
    { query: '{ open }', operationName: 'Missing' },
    { query: 'query ($input: EchoInput) { echo(input: $input) }', variables: { input: { none: 1 } } },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
    { query: 'mutation { nope(unknown: 1) }' },
  ];

  it('takes a unit each, and whoever has none left is not even read, until the next minute; others are', async () => {
    const statuses = [];
    for (let round = 0; round < 2; round++)
      for (const body of REFUSED) statuses.push((await post('203.0.113.50', body)).status);
    expect(statuses).not.toContain(429);
    expect(await ask(6, { from: '203.0.113.50' })).toMatchObject({ passed: 6 }); // of the burst
    expect((await post('203.0.113.50', REFUSED[0]!)).status).toBe(400);
    for (const body of REFUSED) {
      const refused = await post('203.0.113.50', body);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '45']);
      expect(await refused.json()).toMatchObject({
        errors: [{ extensions: { code: 'RATE_LIMITED', limit: 'address' } }],
      });
    }
    expect((await post('203.0.113.51', REFUSED[0]!)).status).toBe(400);
    now += MINUTE;
    expect((await post('203.0.113.50', REFUSED[0]!)).status).toBe(400);
    expect(await ask(11, { from: '203.0.113.50' })).toMatchObject({ passed: 11, rates: '12 0 45 12;w=60' });
  });

  it('is its person’s alone, of whose tenant the others still have their share', async () => {
    const acme = tenant(numbers(300, 100_000, 100_000));
    const [wrong, right] = [acme.person(), acme.person()];
    const asWrong = () => gateway.query('{ nope }', { token: wrong });
    await Promise.all(Array.from({ length: 300 }, asWrong));
    expect(await asWrong()).toMatchObject({ status: 429, body: { errors: [{ extensions: { limit: 'user' } }] } });
    expect(await ask(1, { token: right })).toMatchObject({ passed: 1 });
  });
});

describe('A budget', () => {
  it('is told with every answer, gets back what an operation did not need, and all of one that was not run', async () => {
    const ada = tenant(numbers(1_000, 50, 60)).person();
    const hourly = { limit: 50, resetsAt: new Date(now + 59 * MINUTE + 45_000).toISOString() };
    const daily = { limit: 60, resetsAt: new Date(now + 13 * 60 * MINUTE + 59 * MINUTE + 45_000).toISOString() };
    const { body } = await ask(1, { token: ada, query: NOTES });
    expect(body.extensions.budget).toEqual({ hour: { ...hourly, remaining: 49 }, day: { ...daily, remaining: 59 } });
    expect(await ask(20, { token: ada, query: `query Refused ${NOTES}` })).toMatchObject({ passed: 0, status: 403 });
    expect((await ask(1, { token: ada })).body.extensions.budget.hour.remaining).toBe(48);
  });

  it('of an hour refuses until the next hour, and of a day until the next day', async () => {
    const ada = tenant(numbers(1_000, 3, 5)).person();
    expect(await ask(4, { token: ada })).toMatchObject({
      passed: 3,
      status: 429,
      retryAfter: '3585',
      rates: '3 0 3585 3;w=3600',
    });
    now += 3_585_000; // 11:00
    const last = await ask(3, { token: ada });
    expect(last).toMatchObject({ passed: 2, retryAfter: String(13 * 3_600) });
    expect(last.body.errors[0].extensions).toMatchObject({ limit: 'day', quota: 5 });
  });
});

describe('The numbers of a plan', () => {
  it('are those of the token’s digest: a new plan counts with the next token', async () => {
    const acme = tenant(planned('free'));
    expect(await ask(1, { token: acme.person() })).toMatchObject({ rates: '100 99 45 100;w=60' });
    plans.set(acme.tid, entitlementsWith(planned('pro'), 'digest-2'));
    expect(await ask(1, { token: acme.person() })).toMatchObject({ rates: '100 98 45 100;w=60' });
    expect(await ask(1, { token: acme.person({ ent: 'digest-2' }) })).toMatchObject({ rates: '500 499 45 500;w=60' });
  });

  it('that are missing or unusable are the free plan’s, and the log says so once', async () => {
    const acme = tenant({ ...numbers('many', -1), 'gateway.units-per-day': { kind: 'boolean', enabled: true } });
    const before = gateway.logged.length;
    expect(await ask(3, { token: acme.person() })).toMatchObject({ passed: 3, rates: '100 97 45 100;w=60' });
    expect(gateway.logged.slice(before).filter((line) => line.includes('no usable number'))).toHaveLength(3);
  });

  it('that core-identity cannot tell are those it told last, and else the free plan’s', async () => {
    const acme = tenant(planned('enterprise'));
    await ask(1, { token: acme.person() });
    describeFails = true;
    expect(await ask(1, { token: acme.person({ ent: 'digest-9' }) })).toMatchObject({
      rates: '5000 4999 45 5000;w=60',
    });
    const unheard = tenant(planned('enterprise'));
    expect(await ask(1, { token: unheard.person() })).toMatchObject({ rates: '100 99 45 100;w=60' });
  });
});

describe('RATE_LIMITS=log', () => {
  it('runs what it would refuse, counts and tells as if it had refused, and warns once a minute', async () => {
    const watching = await testGateway({ identityUsed: identity, rateLimits: limited({ mode: 'log' }) });
    const token = tenant(numbers(2)).person();
    expect(await ask(10, { token, of: watching })).toMatchObject({ passed: 10, rates: '2 0 45 2;w=60' });
    expect(await ask(1, { token: tenant(numbers(1)).person(), query: NOTES, of: watching })).toMatchObject({
      passed: 1,
    });
    const warnings = watching.logged.filter((line) => line.includes('would refuse'));
    expect(warnings.map((line) => JSON.parse(line))).toMatchObject([
      { limit: 'tenant', quota: 2 },
      { limit: 'tenant', quota: 1 },
    ]);
    await watching.close();
  });
});
