import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { anonymousContext, BadUserInput, countOf, type RequestContext, type TrafficBatch } from '@inevitable/contract';
import fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { pino } from 'pino';
import { operationIn } from '../../executor/client-operation.js';
import type { FetchMade } from '../../executor/run-plan.js';
import type { OperationSeen } from '../../extensions/gateway-extension.js';
import type { RequestOutcome, RequestSeen } from '../../extensions/request-seen.js';
import { ADA } from '../../test-support/test-identity.js';
import { countTraffic } from './count-traffic.js';

const NOON = Date.UTC(2026, 10, 22, 12);
const MINUTE_MS = 60_000;

class TestPort {
  readonly taken: TrafficBatch[] = [];
  refusal: Error | null = null;
  async record(batch: TrafficBatch): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.taken.push(batch);
  }
}

const stops: (() => Promise<void>)[] = [];
function counting() {
  const port = new TestPort();
  const warned: string[] = [];
  const write = (line: string): void => void warned.push((JSON.parse(line) as { msg: string }).msg);
  const counter = countTraffic(port, pino({ level: 'warn' }, { write }));
  stops.push(() => counter.close());
  return {
    port,
    warned,
    ended: (request: Partial<RequestSeen> = {}) => counter.onRequestEnd!({ ...plain, ...request }),
    flush: () => counter.flush(),
    close: () => counter.close(),
    /** What was counted since it was last asked. */
    async told() {
      await counter.flush();
      return port.taken.splice(0).flatMap(({ minutes }) => minutes);
    },
  };
}
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const schema = buildSchema('type Query { a(text: String): Int } type Subscription { a: Int }');
const documents = new Map<string, ReturnType<typeof parse>>();
function seen(source: string, cost = 1): OperationSeen {
  let document = documents.get(source); // the gateway parses a document once, too
  if (!document) documents.set(source, (document = parse(source)));
  const definition = operationIn(document, null);
  return { document, definition, schema, cost } as unknown as OperationSeen;
}
const nobody = anonymousContext({} as RequestContext);
const member = { ...nobody, tenant: { id: ADA.tid, plan: 'pro', entitlementsDigest: 'd' } };
const fetched = (subgraph: string, changes: Partial<FetchMade> = {}): FetchMade => ({
  subgraph,
  startMs: 0,
  durationMs: 4,
  requestBytes: 10,
  responseBytes: 100,
  steps: [0],
  places: 0,
  entities: 0,
  types: [],
  shared: false,
  failed: false,
  ...changes,
});
const plain = {
  route: 'graphql',
  startedAt: NOON,
  durationMs: 8,
  outcome: 'answered',
  context: member,
  operation: seen('query A { a }'),
  planKnown: true,
  fetches: [],
} as unknown as RequestSeen;

describe('A request', () => {
  it('counts in the minute it ended in: what became of it, how long it took, what it was and what was fetched', async () => {
    const { ended, told } = counting();
    ended({
      fetches: [
        fetched('notes'),
        fetched('notes', { shared: true, durationMs: 3_000 }),
        fetched('users', {
          durationMs: 16,
          types: [
            { type: 'User', entities: 3 },
            { type: 'User', entities: 1 },
            { type: 'Team', entities: 1 },
          ],
        }),
        fetched('users', { failed: true, responseBytes: null, types: [{ type: 'User', entities: 2 }] }),
      ],
    });
    ended({ outcome: 'errors', durationMs: 2_000, operation: seen('query A { a }', 5) });
    ended({ outcome: 'failed', context: nobody as RequestContext });
    ended({ startedAt: NOON + MINUTE_MS - 1, durationMs: 2 });
    const [minute, next, ...more] = await told();
    expect(more).toEqual([]);
    expect(next).toMatchObject({ minute: NOON + MINUTE_MS, requests: { answered: 1 } });
    expect(minute).toMatchObject({
      minute: NOON,
      requests: { answered: 1, errors: 1, refused: 0, failed: 1, left: 0 },
      latency: { totalMs: 2_016, maxMs: 2_000 },
    });
    expect(minute!.operations).toMatchObject([
      {
        signature: expect.stringMatching(/^[0-9a-f]{64}$/),
        name: 'A',
        forTenants: true,
        count: 2,
        errors: 1,
        refused: 0,
        cost: 6,
        latency: { totalMs: 2_008 },
        fetches: [
          { subgraph: 'notes', type: null, fetches: 2, entities: 0 },
          { subgraph: 'users', type: 'User', fetches: 2, entities: 6 },
          { subgraph: 'users', type: 'Team', fetches: 1, entities: 1 },
        ],
      },
      { name: 'A', forTenants: false, count: 1, errors: 1, fetches: [] },
    ]);
    expect(minute!.subgraphs).toMatchObject([
      { subgraph: 'notes', fetches: 2, failed: 0, shared: 1, bytes: 100, latency: { totalMs: 4 } },
      { subgraph: 'users', fetches: 2, failed: 1, shared: 0, bytes: 100, latency: { totalMs: 20 } },
    ]);
  });

  it('that was refused, and a subscription, say nothing of how long answers take', async () => {
    const { ended, told } = counting();
    ended();
    ended({ outcome: 'refused', durationMs: 0.1 });
    ended({ outcome: 'refused', operation: null, context: null });
    ended({ operation: seen('subscription S { a }'), durationMs: 3_600_000, startedAt: NOON - 3_600_000 });
    const [minute] = await told();
    expect(minute).toMatchObject({ requests: { answered: 2, refused: 2 }, latency: { totalMs: 8, maxMs: 8 } });
    expect(minute!.operations.map(({ name, count, refused }) => [name, count, refused])).toEqual([
      ['A', 2, 1],
      ['S', 1, 0],
    ]);
  });

  it('whose client left before it was run says nothing of what it would have cost', async () => {
    const { ended, told } = counting();
    ended();
    ended({ outcome: 'left', planKnown: null, operation: seen('query A { a }', Number.MAX_SAFE_INTEGER) });
    ended({ outcome: 'left', planKnown: null, operation: seen('query Unknown { b: a }') });
    ended({ outcome: 'left', operation: seen('subscription S { a }') }); // as most of them end
    const [{ operations }] = (await told()) as [TrafficBatch['minutes'][number]];
    expect(operations.map(({ name, count, cost }) => [name, count, cost])).toEqual([
      ['A', 2, 1],
      ['S', 1, 1],
      [null, 1, 0],
    ]);
  });

  it('to a product’s route, or to nothing, is none', async () => {
    const { ended, told } = counting();
    ended({ route: 'product' });
    ended({ route: 'other' });
    expect(await told()).toEqual([]);
  });

  it('is counted with others of its operation, whatever values they have, and tells none of them', async () => {
    const { ended, told } = counting();
    for (const canary of ['canary-one', 'canary-two']) ended({ operation: seen(`{ a(text: "${canary}") }`) });
    const minutes = await told();
    expect(minutes[0]!.operations).toMatchObject([{ name: null, count: 2 }]);
    expect(JSON.stringify(minutes)).not.toContain('canary');
  });

  it('that is refused has no work done for a document that nobody else sent', async () => {
    const { ended, told } = counting();
    ended({ outcome: 'refused', operation: seen('query Refused { a }') });
    expect((await told())[0]!.operations).toMatchObject([{ signature: null, name: null, count: 1, refused: 1 }]);
  });
});

describe('However many operations clients send', () => {
  const outcomes = fc.constantFrom<RequestOutcome>('answered', 'errors', 'refused', 'failed', 'left');

  it('a minute tells of 252 entries of at most 20 kinds of fetches, in less than 1 MB, and counts every request', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ from: fc.nat(5_000), size: fc.integer({ min: 1, max: 900 }), mine: fc.boolean(), is: outcomes }),
          { maxLength: 5 },
        ),
        async (floods) => {
          const { ended, told, close } = counting();
          for (const { from, size, mine, is } of floods)
            for (let at = from; at < from + size; at++)
              ended({
                operation: seen(`query Flood${at} { a }`),
                context: (mine ? member : nobody) as RequestContext,
                outcome: is,
                fetches: [fetched(`s${at % 40}`, { types: [{ type: `T${at % 7}`, entities: 1 }] }), fetched('s0')],
              });
          const [minute] = await told();
          await close();
          const sent = floods.reduce((sum, { size }) => sum + size, 0);
          if (sent === 0) return;
          const { operations, requests, subgraphs } = minute!;
          for (const [mine, most] of [
            [true, 201],
            [false, 51],
          ] as const)
            expect(operations.filter(({ forTenants }) => forTenants === mine).length).toBeLessThanOrEqual(most);
          for (const { signature, fetches } of operations)
            if (signature) expect(fetches.length).toBeLessThanOrEqual(20);
          expect(JSON.stringify(minute).length).toBeLessThan(1_000_000);
          const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
          expect(sum(operations.map(({ count }) => count))).toBe(sent);
          expect(sum(Object.values(requests))).toBe(sent);
          expect(sum(operations.map(({ latency }) => countOf(latency)))).toBe(sent - requests.refused);
          expect(sum(subgraphs.map(({ fetches }) => fetches))).toBe(2 * sent);
          expect(sum(operations.flatMap(({ fetches }) => fetches.map((one) => one.fetches)))).toBe(2 * sent);
        },
      ),
      { numRuns: 20 },
    ));

  it('callers of no tenant take no place of tenants’', async () => {
    const { ended, told } = counting();
    for (let at = 0; at < 3_000; at++)
      ended({ operation: seen(`query Flood${at} { a }`), context: nobody as RequestContext });
    for (let at = 0; at < 200; at++) ended({ operation: seen(`query Kept${at} { a }`) });
    const [{ operations } = { operations: [] }] = await told();
    expect(operations.filter(({ name }) => name?.startsWith('Kept'))).toHaveLength(200);
    expect(operations.find(({ signature }) => signature === null)).toMatchObject({ forTenants: false, count: 2_950 });
  });

  it('the slow, the failing and the most sent are told apart from the others', async () => {
    const { ended, told } = counting();
    for (let at = 0; at < 400; at++)
      for (let times = 0; times < 3; times++) ended({ operation: seen(`query O${at} { a }`) });
    ended({ operation: seen('query Slow { a }'), durationMs: 5_000 });
    ended({ operation: seen('query Failing { a }'), outcome: 'errors' });
    for (let times = 0; times < 50; times++) ended({ operation: seen('query Most { a }'), durationMs: 0.3 });
    const [minute] = await told();
    expect(minute!.operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Slow', 'Failing', 'Most', null]),
    );
  });
});

describe('What was counted', () => {
  it('is left every 10 s, and at the end; where nothing was, that is told', async () => {
    jest.useFakeTimers();
    const { port, ended, close } = counting();
    ended();
    await jest.advanceTimersByTimeAsync(20_000);
    ended();
    await close();
    expect(port.taken.map(({ number, minutes }) => [number, minutes.length])).toEqual([
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
    expect(new Set(port.taken.map(({ gateway }) => gateway)).size).toBe(1);
  });

  it('that is not taken is left again as it was, in its order', async () => {
    const { port, ended, flush, warned } = counting();
    port.refusal = new Error('operations is away');
    for (const name of ['A', 'B', 'C']) {
      ended({ operation: seen(`query ${name} { a }`) });
      await flush();
    }
    port.refusal = null;
    await flush();
    const numbered = port.taken.map(({ number, minutes }) => [number, minutes[0]?.operations[0]?.name]);
    expect(numbered.slice(0, 3)).toEqual([
      [1, 'A'],
      [2, 'B'],
      [3, 'C'],
    ]);
    expect(warned).toHaveLength(1);
  });

  it.each([
    ['for ten minutes', 1, 70, 11], // the batch that tells of the others takes the place of one
    ['of more operations than there is room for', 200, 40, 15],
  ])(
    '%s and was not taken is lost, the oldest first, with one line; how much is told',
    async (_what, each, flushes, gone) => {
      const { port, ended, flush, warned } = counting();
      port.refusal = new Error('operations is away');
      for (let at = 0; at < flushes; at++) {
        for (let number = 0; number < each; number++) ended({ operation: seen(`query O${number} { a }`) });
        await flush();
      }
      port.refusal = null;
      await flush();
      await flush();
      const counted = port.taken.reduce(
        (sum, { minutes }) => sum + minutes.reduce((all, one) => all + one.requests.answered, 0),
        0,
      );
      const lost = port.taken.reduce((sum, batch) => sum + batch.lost, 0);
      expect([counted + lost, lost]).toEqual([each * flushes, gone * each]);
      expect(warned).toEqual([
        expect.stringContaining('was not taken'),
        expect.stringContaining('the oldest of it is lost'),
      ]);
    },
  );

  it('that operations can never take is lost, and holds up nothing', async () => {
    const { port, ended, flush, warned } = counting();
    ended();
    port.refusal = new BadUserInput('must be a number', 'body.lost');
    await flush();
    port.refusal = null;
    ended();
    await flush();
    expect(port.taken).toMatchObject([{ number: 2, lost: 1, minutes: [{ requests: { answered: 1 } }] }]);
    expect(warned).toHaveLength(1);
  });

  it('by a clock that jumps is in three minutes at most', async () => {
    const { ended, told } = counting();
    for (let at = 0; at < 50; at++) ended({ startedAt: NOON + at * MINUTE_MS });
    const minutes = await told();
    expect(minutes).toHaveLength(3);
    expect(minutes.reduce((sum, { requests }) => sum + requests.answered, 0)).toBe(50);
  });
});
