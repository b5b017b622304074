import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  countOf,
  LatencyHistogram,
  notReady,
  ready,
  type Caller,
  type LatencyCounts,
  type OperationTraffic,
  type TrafficBatch,
  type TrafficMinute,
  type UserId,
} from '@inevitable/contract';
import fc from 'fast-check';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { openTrafficStore, type TrafficStore } from './traffic-store.js';

const MINUTE_MS = 60_000;
const TABLES = ['requests', 'operations', 'subgraphs', 'fetches', 'gateways'].map(
  (name) => `operations.traffic_${name}`,
);

let test: TestOperations;
/** Of a second gateway's process. */
let other: TrafficStore;
/** The minute it is. */
let now: number;
beforeAll(async () => {
  test = await openTestOperations();
  other = openTrafficStore(test.systemUrl);
});
afterAll(async () => {
  await other.close();
  await test.close();
});
beforeEach(async () => {
  await test.rows(`truncate ${TABLES.join(', ')}`);
  const clock = await test.store.now();
  now = clock.getTime() - (clock.getTime() % MINUTE_MS);
});

function latencyOf(...durations: readonly number[]): LatencyCounts {
  const histogram = new LatencyHistogram();
  durations.forEach((ms) => histogram.add(ms));
  return histogram.counted();
}
const signatureOf = (name: string): string => Buffer.from(name).toString('hex').padStart(64, '0').slice(-64);

function operation(name: string | null, changes: Partial<OperationTraffic> = {}): OperationTraffic {
  return {
    signature: name && signatureOf(name),
    name,
    forTenants: true,
    count: 1,
    errors: 0,
    refused: 0,
    cost: 1,
    latency: latencyOf(8),
    fetches: [],
    ...changes,
  };
}
function minuteOf(changes: Partial<TrafficMinute> = {}): TrafficMinute {
  const requests = { answered: 1, errors: 0, refused: 0, failed: 0, left: 0 };
  return { minute: now, requests, latency: latencyOf(8), operations: [], subgraphs: [], ...changes };
}
const batch = (minutes: readonly TrafficMinute[], changes: Partial<TrafficBatch> = {}): TrafficBatch => ({
  gateway: randomUUID(),
  number: 1,
  lost: 0,
  minutes,
  ...changes,
});
async function ask<Answer>(selection: string, minutes = 15): Promise<Answer> {
  const { data, errors } = await test.ask(`{ stackStatus { traffic(minutes: ${minutes}) { ${selection} } } }`);
  expect(errors).toBeUndefined();
  return (JSON.parse(JSON.stringify(data)) as { stackStatus: { traffic: Answer } }).stackStatus.traffic;
}

describe('What gateways counted', () => {
  const latency = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 20 }).map((all) => latencyOf(...all));
  const anOperation = fc.record({
    name: fc.constantFrom('A', 'B', 'C', null),
    forTenants: fc.boolean(),
    count: fc.nat(9),
    latency,
    fetches: fc.uniqueArray(
      fc.record({
        subgraph: fc.constantFrom('notes', 'users'),
        type: fc.constantFrom('User', null),
        fetches: fc.nat(9),
        entities: fc.nat(9),
      }),
      { selector: ({ subgraph, type }) => `${subgraph} ${type}` },
    ),
  });
  const aMinute = fc.record({
    ago: fc.nat(2),
    latency,
    operations: fc.uniqueArray(anOperation, { selector: (one) => `${one.name} ${one.forTenants}` }),
  });

  it('adds up, by however many gateways at once it comes: nothing is lost or doubled', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.array(aMinute, { maxLength: 3 }), { maxLength: 5 }), async (given) => {
        await test.rows(`truncate ${TABLES.join(', ')}`);
        const batches = given.map((minutes) =>
          batch(
            minutes.map(({ ago, latency: ofAll, operations }) =>
              minuteOf({
                minute: now - ago * MINUTE_MS,
                latency: ofAll,
                operations: operations.map(({ name, ...rest }) => operation(name, rest)),
              }),
            ),
          ),
        );
        await Promise.all(batches.map((one, at) => (at % 2 ? other : test.traffic).record(one)));
        const all = batches.flatMap(({ minutes }) => minutes);
        const read = await ask<{
          requests: number;
          latency: { count: number; max: number | null };
          operations: { name: string; count: number; latency: { count: number } }[];
          otherOperations: { count: number } | null;
          fetchHeat: { fetches: number; entities: number }[];
        }>(`requests latency { count max } operations(first: 100) { name count latency { count } }
            otherOperations { count } fetchHeat { fetches entities }`);
        const sum = <One>(list: readonly One[], of: (one: One) => number) => list.reduce((to, one) => to + of(one), 0);
        expect(read.requests).toBe(all.length);
        expect(read.latency.count).toBe(sum(all, (one) => countOf(one.latency)));
        const operations = all.flatMap((one) => one.operations);
        for (const name of ['A', 'B', 'C']) {
          const of = operations.filter((one) => one.name === name);
          const told = read.operations.find((one) => one.name === name);
          expect(told?.count ?? 0).toBe(sum(of, ({ count }) => count));
          if (told) expect(told.latency.count).toBe(sum(of, (one) => countOf(one.latency)));
        }
        expect(read.otherOperations?.count ?? 0).toBe(
          sum(
            operations.filter(({ name }) => name === null),
            ({ count }) => count,
          ),
        );
        const fetches = operations.flatMap((one) => one.fetches);
        expect(sum(read.fetchHeat, (one) => one.fetches)).toBe(sum(fetches, (one) => one.fetches));
        expect(sum(read.fetchHeat, (one) => one.entities)).toBe(sum(fetches, (one) => one.entities));
      }),
      { numRuns: 12 },
    ));

  it('and that comes twice is counted once; the next batch, and another gateway’s, are others', async () => {
    const first = batch([minuteOf()]);
    for (const one of [first, first, { ...first, number: 2 }, first, batch([minuteOf()])])
      await test.traffic.record(one);
    expect(await ask('requests gateways')).toEqual({ requests: 3, gateways: 2 });
  });

  it('by a gateway whose clock is ahead is counted now', async () => {
    await test.traffic.record(batch([minuteOf({ minute: now + 86_400_000 })]));
    expect(await ask('requests series { requests }')).toEqual({ requests: 1, series: [{ requests: 1 }] });
  });

  it('is told of 200 operations a minute that tenants sent, 50 that others did, and the rest as one', async () => {
    const sent = (count: number, forTenants: boolean, from: number) =>
      Array.from({ length: count }, (_, at) =>
        operation(`O${from + at}`, {
          forTenants,
          count: from + at + 1,
          fetches: [{ subgraph: 'notes', type: null, fetches: 1, entities: 0 }],
        }),
      );
    await test.traffic.record(batch([minuteOf({ operations: [...sent(150, true, 0), ...sent(60, false, 0)] })]));
    await test.traffic.record(
      batch([minuteOf({ operations: [...sent(150, true, 1_000), operation('Slow', { latency: latencyOf(50_000) })] })]),
    );
    const counted = await test.rows<{ for_tenants: boolean; named: number; others: number }>(
      `select for_tenants, count(*) filter (where signature <> '')::int as named,
         sum(count) filter (where signature = '')::int as others
       from operations.traffic_operations where span = 'minute' group by 1 order by 1`,
    );
    const first = (count: number) => (count * (count + 1)) / 2;
    expect(counted).toEqual([
      { for_tenants: false, named: 50, others: first(10) },
      { for_tenants: true, named: 200, others: first(101) },
    ]);
    const { operations, otherOperations, fetchHeat } = await ask<{
      operations: { name: string }[];
      otherOperations: { count: number };
      fetchHeat: { fetches: number; operations: { name: string | null; fetches: number }[] }[];
    }>(
      `operations(by: SLOWEST, first: 1) { name } otherOperations { count }
       fetchHeat { fetches operations { name fetches } }`,
    );
    expect(operations).toEqual([{ name: 'Slow' }]);
    expect(otherOperations.count).toBe(first(101) + first(10));
    expect(fetchHeat).toMatchObject([
      { fetches: 360, operations: expect.arrayContaining([{ name: null, fetches: 111 }]) },
    ]);
  });

  it('is kept by the minute for 4 hours and by the hour for 50, whether gateways go on telling or not', async () => {
    const spans = () =>
      test.rows('select span, count(*)::int as rows from operations.traffic_operations group by 1 order by 1');
    await test.traffic.record(batch([minuteOf({ operations: [operation('A')] })]));
    const age = (ago: string) =>
      test
        .rows(`update operations.traffic_operations set at = at - $1::interval`, [ago])
        .then(() =>
          test.rows(`update operations.traffic_gateways set last_seen_at = last_seen_at - $1::interval`, [ago]),
        );
    await age('5 hours');
    expect(await test.run('operations.retention')).toMatchObject({ state: 'succeeded' });
    expect(await spans()).toEqual([{ span: 'hour', rows: 1 }]);
    await age('46 hours');
    await other.record(batch([]));
    expect(await spans()).toEqual([]);
    expect(await ask('gateways')).toEqual({ gateways: 1 });
  });
});

describe('The traffic of the stack', () => {
  beforeEach(async () => {
    const heat = (subgraph: string, type: string | null, fetches: number, entities = 0) => ({
      subgraph,
      type,
      fetches,
      entities,
    });
    await test.rows('truncate operations.health_periods');
    await test.store.see([ready('notes'), notReady('prices', 'it is down')]);
    test.partsAre(ready('notes'), notReady('prices', 'it is down'));
    await test.traffic.record(
      batch(
        [
          minuteOf({
            requests: { answered: 90, errors: 6, refused: 2, failed: 1, left: 1 },
            latency: latencyOf(...Array.from({ length: 98 }, () => 8)),
            operations: [
              operation('Most', {
                count: 80,
                cost: 160,
                latency: latencyOf(...Array.from({ length: 80 }, () => 8)),
                fetches: [heat('notes', null, 80), heat('prices', 'Note', 10, 40)],
              }),
              operation('Slow', {
                count: 2,
                latency: latencyOf(4_000, 5_000),
                fetches: [heat('prices', 'Note', 30, 60)],
              }),
              operation('Failing', { count: 7, errors: 7, latency: latencyOf(1) }),
              operation('Refused', { count: 3, refused: 3, cost: 0, latency: latencyOf() }),
            ],
            subgraphs: [
              { subgraph: 'notes', fetches: 80, failed: 0, shared: 0, bytes: 8_000, latency: latencyOf(2) },
              { subgraph: 'prices', fetches: 40, failed: 10, shared: 5, bytes: 100, latency: latencyOf(100) },
              { subgraph: 'gone', fetches: 1, failed: 0, shared: 0, bytes: 1, latency: latencyOf(1) },
            ],
          }),
        ],
        { lost: 3 },
      ),
    );
  });

  it('says how many requests there were, what became of them, how fast, and how much of it is known', async () => {
    const traffic = await ask<{ knownSince: string; from: string; perSecond: number; series: { requests: number }[] }>(
      `knownSince from stepSeconds gateways lost requests outcomes { answered errors refused failed left } errorRate perSecond
       latency { count p50 p99 mean max } series { at requests errorRate latency { p50 } }`,
    );
    const { knownSince, from, perSecond, series, ...rest } = traffic;
    expect(new Date(knownSince).getTime()).toBe(now);
    expect(new Date(from).getTime()).toBeGreaterThanOrEqual(now - 15 * MINUTE_MS);
    expect(perSecond).toBeGreaterThan(100 / 120);
    expect(rest).toEqual({
      stepSeconds: 60,
      gateways: 1,
      lost: 3,
      requests: 100,
      outcomes: { answered: 90, errors: 6, refused: 2, failed: 1, left: 1 },
      errorRate: 0.07,
      latency: { count: 98, p50: expect.closeTo(8, 0), p99: expect.closeTo(8, 0), mean: 8, max: 8 },
    });
    expect(series.filter(({ requests }) => requests > 0)).toEqual([
      { at: new Date(now).toISOString(), requests: 100, errorRate: 0.07, latency: { p50: expect.closeTo(8, 0) } },
    ]);
  });

  it('names the operations that are sent most, take the most time, are slow, fail or are refused', async () => {
    const orders = ['COUNT', 'TOTAL_TIME', 'SLOWEST', 'ERRORS', 'REFUSED'];
    const lists = orders.map((by) => `${by}: operations(by: ${by}, first: 3) { name }`).join(' ');
    const named = await ask<Record<string, { name: string }[]>>(lists);
    expect(Object.fromEntries(Object.entries(named).map(([by, list]) => [by, list.map(({ name }) => name)]))).toEqual({
      COUNT: ['Most', 'Failing', 'Refused'],
      TOTAL_TIME: ['Slow', 'Most', 'Failing'],
      SLOWEST: ['Slow', 'Most', 'Failing'],
      ERRORS: ['Failing'],
      REFUSED: ['Refused'],
    });
    const { operations } = await ask<{ operations: object[] }>(
      `operations(first: 1) { signature name count errors errorRate refused share perSecond totalMs averageCost latency { p50 max } }`,
    );
    expect(operations).toEqual([
      {
        signature: signatureOf('Most'),
        name: 'Most',
        count: 80,
        errors: 0,
        errorRate: 0,
        refused: 0,
        share: 0.8,
        perSecond: expect.any(Number),
        totalMs: 640,
        averageCost: 2,
        latency: { p50: expect.closeTo(8, 0), max: 8 },
      },
    ]);
  });

  it('tells of every subgraph how it is, since when, and what it was asked for; one that is gone last', async () => {
    const { subgraphs } = await ask<{ subgraphs: object[] }>(
      `subgraphs { name health { ready reason since } fetches failed errorRate shared share bytes latency { p50 } }`,
    );
    const since = expect.any(String);
    expect(subgraphs).toMatchObject([
      { name: 'notes', health: { ready: true, reason: null, since }, fetches: 80, failed: 0, bytes: 8_000 },
      {
        name: 'prices',
        health: { ready: false, reason: 'it is down', since },
        failed: 10,
        errorRate: 0.25,
        shared: 5,
        latency: { p50: expect.closeTo(100, -1) },
      },
      { name: 'gone', health: null, fetches: 1 },
    ]);
    test.partsAre(notReady('notes', 'since just now'));
    expect(await ask('subgraphs { health { since } }')).toEqual({
      subgraphs: [{ health: { since: null } }, { health: null }, { health: null }],
    });
  });

  it('shows where the heat is: which subgraph, which type, for which operations', async () => {
    const { fetchHeat } = await ask<{ fetchHeat: object[] }>(
      'fetchHeat { subgraph type fetches entities share operations { signature name fetches entities } }',
    );
    expect(fetchHeat).toMatchObject([
      { subgraph: 'notes', type: null, fetches: 80, share: 80 / 120, operations: [{ name: 'Most', fetches: 80 }] },
      {
        subgraph: 'prices',
        type: 'Note',
        fetches: 40,
        entities: 100,
        operations: [
          { signature: signatureOf('Slow'), name: 'Slow', fetches: 30, entities: 60 },
          { name: 'Most', fetches: 10, entities: 40 },
        ],
      },
    ]);
  });

  it('is told in hours beyond three of them, with the same sums', async () => {
    const asked = 'requests operations(first: 1) { count } fetchHeat { fetches } subgraphs { fetches }';
    const hours = await ask<object>(`stepSeconds ${asked}`, 2_880);
    expect(hours).toEqual({ stepSeconds: 3_600, ...(await ask<object>(asked, 180)) });
  });

  it('is empty where no gateway ever told anything', async () => {
    await test.rows(`truncate ${TABLES.join(', ')}`);
    expect(
      await ask(`knownSince gateways requests perSecond errorRate latency { p50 mean } series { at } operations { name }
        otherOperations { name } subgraphs { name fetches share } fetchHeat { subgraph }`),
    ).toEqual({
      knownSince: null,
      gateways: 0,
      requests: 0,
      perSecond: 0,
      errorRate: 0,
      latency: { p50: null, mean: null },
      series: [],
      operations: [],
      otherOperations: null,
      subgraphs: [
        { name: 'notes', fetches: 0, share: 0 },
        { name: 'prices', fetches: 0, share: 0 },
      ],
      fetchHeat: [],
    });
  });

  it.each([
    ['traffic(minutes: 0) { requests }', 'minutes'],
    ['traffic(minutes: 2881) { requests }', 'minutes'],
    ['traffic { operations(first: 101) { name } }', 'first'],
    ['traffic { fetchHeat(first: 0) { type } }', 'first'],
  ])('is not told for %s, and says why', async (selection, field) => {
    const { errors } = await test.ask(`{ stackStatus { ready ${selection} } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
  });

  it.each<[Caller, string]>([
    [{ kind: 'member', userId: 'somebody' as UserId }, 'FORBIDDEN'],
    [{ kind: 'service', service: 'starter' }, 'FORBIDDEN'],
    [{ kind: 'anonymous' }, 'UNAUTHENTICATED'],
  ])('is not for %j', async (caller, code) => {
    expect(await test.ask('{ stackStatus { traffic { requests } } }', caller)).toMatchObject({
      data: { stackStatus: null },
      errors: [{ extensions: { code } }],
    });
  });

  it('is kept in tables that the catalogue lint finds nothing wrong with, and that only the system role writes', async () => {
    expect(await test.lint()).toEqual([]);
    for (const table of TABLES)
      expect(
        await test.rows(`select has_table_privilege('operations_app', $1, 'INSERT, UPDATE, DELETE') as app`, [table]),
      ).toEqual([{ app: false }]);
  });
});
