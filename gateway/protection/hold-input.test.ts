import { getHeapStatistics } from 'node:v8';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../test-support/event-log.js';
import { gate } from '../test-support/gate.js';
import { ADA } from '../test-support/test-identity.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';
import { heapBytes } from './hold-input.js';

const SDL = `scalar Any
type Query { hold(value: Any): String  open: String }
type Subscription { changed(value: Any): Int }
type Thing @key(fields: "id") { id: ID! }`;
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';

/** A megabyte that is 22 as values. */
const HUGE = { value: Array.from({ length: 340_000 }, () => ({})) };
const HOLD = 'query ($value: Any) { hold(value: $value) }';
const CHANGED = 'subscription ($value: Any) { changed(value: $value) }';

let gateway: TestGateway;
let asked = gate();
let answered = gate();
const events = new EventLog();
/** What operators were told of, by the code of each. */
const told: { readonly event: string; readonly code: unknown; readonly tenantId: unknown }[] = [];
const refusedSince = (before: number) => told.slice(before).filter(({ event }) => event === 'operation refused');
beforeAll(async () => {
  const roots = () => ({
    hold: async () => {
      asked.open();
      await answered.opened;
      return 'held';
    },
    open: () => 'open',
  });
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'v1', sdl: supergraphOf({ held: LINK + SDL }) }) },
    subgraphs: handles(inProcess('held', LINK + SDL, roots, () => null, { subscribe: events.subscribe })),
    products: [],
    trustedProxies: ['127.0.0.1'],
    shedding: null, // what is huge here may be too much for a busy machine
    securityEvent: (event, facts) => {
      const { code = null, tenantId = null } = facts as Record<string, unknown>;
      told.push({ event, code, tenantId });
    },
    subscriptions: { perTenant: 3, perAddress: 2, anonymous: 4 },
  });
});
afterAll(() => gateway.close());

const from = (address: string) => ({ 'x-forwarded-for': address });
const hold = (address: string) => gateway.query(HOLD, { variables: HUGE, headers: from(address) });

/** Subscribes over a WebSocket. */
function subscriber(address: string, token?: string) {
  class From extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: from(address) });
    }
  }
  const client = createClient({
    url: `${gateway.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: From,
    retryAttempts: 0,
    ...(token !== undefined && { connectionParams: { authorization: `Bearer ${token}` } }),
  });
  /** Resolves with what refuses it, or null when it listens. */
  const subscribe = (variables: Record<string, unknown> = {}) =>
    new Promise<unknown>((resolve) => {
      const before = events.open;
      const ended = { next: () => undefined, error: resolve, complete: () => undefined };
      client.subscribe({ query: CHANGED, variables: { value: ++differs, ...variables } }, ended);
      const look = (): void => void (events.open > before ? resolve(null) : setImmediate(look));
      look();
    });
  return { subscribe, leave: () => client.dispose() };
}
/** No two share what they listen to. */
let differs = 0;
const nobodyListens = async (): Promise<void> => {
  while (events.open > 0) await new Promise(setImmediate);
};

describe('What operations keep in memory', () => {
  it('is weighed as what V8 makes of it', () => {
    for (const json of [`[${'{},'.repeat(300_000)}0]`, `[${'[],'.repeat(300_000)}0]`, `["${'x'.repeat(900_000)}"]`]) {
      const text = String(Buffer.from(json)); // in one piece
      const before = getHeapStatistics().used_heap_size;
      const value = JSON.parse(text) as unknown;
      const taken = getHeapStatistics().used_heap_size - before;
      expect(heapBytes(value)).toBeGreaterThan(taken / 2);
      expect(heapBytes(value)).toBeLessThan(32 * 1_048_576);
    }
  });

  it('is bounded for each owner until they are answered, and there for others; all of it when they have left', async () => {
    for (const round of [1, 2]) {
      asked = gate();
      answered = gate();
      const leaving = new AbortController();
      const body = JSON.stringify({ query: HOLD, variables: HUGE });
      const headers = { 'content-type': 'application/json', ...from('192.0.2.1') };
      const first = gateway
        .get('/graphql', { method: 'POST', headers, body, signal: leaving.signal })
        .catch(() => 'left');
      await asked.opened;
      const refused = await hold('192.0.2.1');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
      expect(refused.body.errors[0].extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'memory' });
      expect(await gateway.query('{ open }', { headers: from('192.0.2.1') })).toMatchObject({ status: 200 });
      const other = hold('192.0.2.2');
      const ofTenant = gateway.query(HOLD, { variables: HUGE, token: gateway.identity.accessToken() });
      if (round === 1) {
        leaving.abort();
        expect(await first).toBe('left');
      }
      answered.open();
      expect(await Promise.all([other, ofTenant])).toMatchObject([{ status: 200 }, { status: 200 }]);
      if (round === 2) expect(await first).toMatchObject({ status: 200 });
    }
  });

  it('is a security event where there is no more of it, once', async () => {
    asked = gate();
    answered = gate();
    const before = told.length;
    const first = hold('192.0.2.7');
    await asked.opened;
    expect(await hold('192.0.2.7')).toMatchObject({ status: 429 });
    answered.open();
    await first;
    expect(refusedSince(before)).toEqual([{ event: 'operation refused', code: 'RATE_LIMITED', tenantId: null }]);
  });

  it('is counted for as long as a subscription lives', async () => {
    for (let round = 0; round < 2; round++) {
      const one = subscriber('192.0.2.3');
      expect(await one.subscribe(HUGE)).toBe(null);
      expect(await one.subscribe(HUGE)).toMatchObject([{ extensions: { limit: 'memory', retryAfterSeconds: 5 } }]);
      await one.leave();
      await nobodyListens();
    }
  });
});

describe('Live subscriptions', () => {
  it('are a security event where there is no place for one, once, with the tenant that had them', async () => {
    const before = told.length;
    const ada = subscriber('192.0.2.9', gateway.identity.accessToken());
    for (let count = 0; count < 3; count++) expect(await ada.subscribe()).toBe(null);
    expect(await ada.subscribe()).toMatchObject([{ extensions: { limit: 'subscriptions' } }]);
    await ada.leave();
    await nobodyListens();
    expect(refusedSince(before)).toEqual([{ event: 'operation refused', code: 'RATE_LIMITED', tenantId: ADA.tid }]);
  });

  it('are bounded for a tenant, an address and all without a tenant, and there again when their client has left', async () => {
    for (let round = 0; round < 2; round++) {
      const ada = subscriber('192.0.2.9', gateway.identity.accessToken());
      for (let count = 0; count < 3; count++) expect(await ada.subscribe()).toBe(null);
      expect(await ada.subscribe()).toMatchObject([
        {
          message: 'Your tenant has 3 subscriptions here, as many as it may. End one first.',
          extensions: { code: 'RATE_LIMITED', limit: 'subscriptions', retryAfterSeconds: 30 },
        },
      ]);
      const anonymous = ['192.0.2.4', '192.0.2.5', '192.0.2.6'].map((address) => subscriber(address));
      const [one, two, three] = anonymous as [typeof ada, typeof ada, typeof ada];
      expect([await one.subscribe(), await one.subscribe(), await two.subscribe()]).toEqual([null, null, null]);
      expect(await one.subscribe()).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
      // The more is taken, the less one may have: the last place is for who has none.
      expect(await two.subscribe()).toMatchObject([{ extensions: { code: 'OVERLOADED' } }]);
      expect(await three.subscribe()).toBe(null);
      for (const client of [ada, ...anonymous]) await client.leave();
      await nobodyListens();
    }
  });
});
