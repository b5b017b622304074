import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlinePassed, SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import fc from 'fast-check';
import { anyIdentity } from '../test-support/any-identity.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { identityKey } from './identity-key.js';
import { shareFetches } from './share-fetches.js';
import type { CallOutcome } from './shared-fetch.js';
import type { SubgraphFetch } from './subgraph-transport.js';
import { TimeLimits } from './time-limits.js';
import type { Departure } from './waiter.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

interface CallMade {
  readonly fetch: SubgraphFetch;
  readonly context: RequestContext;
  readonly outcome: CallOutcome;
  abandoned: Departure | null;
}

/** What is shared, and every call it made. */
function sharing() {
  const calls: CallMade[] = [];
  const send = shareFetches({
    subgraph: 'notes',
    limits: new TimeLimits(),
    identityOf: identityKey,
    start(fetch, context, outcome) {
      const call: CallMade = { fetch, context, outcome, abandoned: null };
      calls.push(call);
      return { abandon: (why) => void (call.abandoned = why) };
    },
  });
  return { calls, send };
}

const query = (body: string): SubgraphFetch => ({
  kind: 'query',
  operationName: null,
  body,
  request: () => ({ query: body }),
});
const inMs = (ms: number, changes: Partial<RequestContext> = {}) =>
  contextFor({ deadline: Date.now() + ms, ...changes });
const { signal } = new AbortController();
const bytes = Buffer.from('{"data":{}}');
const answer = (shared: boolean) => ({ kind: 'bytes', bytes, shared });

describe('Equal queries under way', () => {
  it('share one call and its answer', async () => {
    const { calls, send } = sharing();
    const answers = Promise.all([1, 2, 3].map(() => send(query('{ a }'), inMs(1_000), signal)));
    expect(calls).toHaveLength(1);
    calls[0]!.outcome.answered(bytes);
    expect(await answers).toEqual([answer(false), answer(true), answer(true)]);
  });

  it('share one failure', async () => {
    const { calls, send } = sharing();
    const answers = Promise.allSettled([1, 2].map(() => send(query('{ a }'), inMs(1_000), signal)));
    const reason = new SubgraphUnreachable('notes', null);
    calls[0]!.outcome.failed(reason);
    expect(await answers).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
  });

  it('are sent again once the first was answered', () => {
    const { calls, send } = sharing();
    void send(query('{ a }'), inMs(1_000), signal);
    calls[0]!.outcome.answered(bytes);
    void send(query('{ a }'), inMs(1_000), signal);
    expect(calls).toHaveLength(2);
  });

  it('are never joined by a mutation, and no mutation by another', () => {
    const { calls, send } = sharing();
    const mutation: SubgraphFetch = { ...query('{ a }'), kind: 'mutation' };
    for (const fetch of [query('{ a }'), mutation, mutation]) void send(fetch, inMs(1_000), signal);
    expect(calls).toHaveLength(3);
  });

  it('are sent apart when extensions give them different headers', () => {
    const { calls, send } = sharing();
    for (const headers of [{}, { a: '1' }, { a: '2' }, { a: '1' }, undefined])
      void send({ ...query('{ a }'), ...(headers && { headers }) }, inMs(1_000), signal);
    expect(calls.map(({ fetch }) => fetch.headers)).toEqual([{}, { a: '1' }, { a: '2' }, undefined]);
  });

  it('share among any number of others, and never with another body', async () => {
    const bodies = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'x'.repeat(60)), fc.nat(200)), { maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(bodies, async (drawn) => {
        const { calls, send } = sharing();
        // The same end for many bodies, so that they lie in one bucket.
        const asked = drawn.map(([end, number]) => `${number}${end}`);
        const answers = asked.map((body) => send(query(body), inMs(1_000), signal));
        for (const { fetch, outcome } of calls) outcome.answered(Buffer.from(fetch.body));
        const texts = (await Promise.all(answers)).map((one) => one.kind === 'bytes' && one.bytes.toString());
        expect(texts).toEqual(asked);
        expect(new Set(calls.map(({ fetch }) => fetch.body))).toEqual(new Set(asked));
        expect(calls.length).toBeLessThanOrEqual(asked.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('Two callers who differ in anything their context tokens say', () => {
  it('never share a call', () => {
    fc.assert(
      fc.property(fc.array(anyIdentity, { minLength: 2, maxLength: 20 }), (identities) => {
        const { calls, send } = sharing();
        const sentFor = identities.map((identity) => {
          const context = inMs(1_000, identity);
          const before = calls.length;
          void send(query('{ a }'), context, signal);
          return { identity, shared: calls.length === before };
        });
        for (const [at, { identity, shared }] of sentFor.entries()) {
          const hadEqual = identities.slice(0, at).some((other) => isDeepStrictEqual(other, identity));
          if (shared) expect(hadEqual).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('and two who do not, do', () => {
    fc.assert(
      fc.property(anyIdentity, (identity) => {
        const { calls, send } = sharing();
        void send(query('{ a }'), inMs(1_000, { ...identity, requestId: 'r1' }), signal);
        void send(query('{ a }'), inMs(2_000, { ...structuredClone(identity), requestId: 'r2' }), signal);
        expect(calls).toHaveLength(1);
      }),
    );
  });
});

describe('A caller who shares a call', () => {
  it('may leave without disturbing the others, the first one too', async () => {
    const { calls, send } = sharing();
    const [first, third] = [new AbortController(), new AbortController()];
    const asked = [first.signal, signal, third.signal].map((one) => send(query('{ a }'), inMs(1_000), one));
    const settled = Promise.allSettled(asked);
    first.abort('left');
    third.abort('left');
    expect(calls[0]!.abandoned).toBeNull();
    calls[0]!.outcome.answered(bytes);
    expect(await settled).toEqual([
      { status: 'rejected', reason: 'left' },
      { status: 'fulfilled', value: answer(true) },
      { status: 'rejected', reason: 'left' },
    ]);
  });

  it('ends the call when it is the last to leave, and the next query is sent anew', async () => {
    const { calls, send } = sharing();
    const abort = new AbortController();
    const asked = [1, 2].map(() => send(query('{ a }'), inMs(1_000), abort.signal));
    const settled = Promise.allSettled(asked);
    abort.abort('left');
    await settled;
    expect(calls[0]!.abandoned).toBe('left');
    void send(query('{ a }'), inMs(1_000), signal);
    expect(calls).toHaveLength(2);
  });

  it('waits until its own deadline, not that of the first', async () => {
    const { calls, send } = sharing();
    const settled = Promise.allSettled([
      send(query('{ a }'), inMs(1_000), signal),
      send(query('{ a }'), inMs(500), signal),
    ]);
    await jest.advanceTimersByTimeAsync(510);
    calls[0]!.outcome.answered(bytes);
    expect(await settled).toEqual([
      { status: 'fulfilled', value: answer(false) },
      { status: 'rejected', reason: expect.any(DeadlinePassed) },
    ]);
  });

  it.each(['stays to its end', 'left long ago'])(
    'has the fetch sent again with its own deadline when that of the first passes, who %s',
    async (first) => {
      const { calls, send } = sharing();
      const leaving = new AbortController();
      const patient = inMs(2_000, { requestId: 'patient' });
      const settled = Promise.allSettled([
        send(query('{ a }'), inMs(500), leaving.signal),
        send(query('{ a }'), inMs(1_000), signal),
        send(query('{ a }'), patient, signal),
      ]);
      if (first === 'left long ago') leaving.abort(new DeadlinePassed());
      await jest.advanceTimersByTimeAsync(510);
      expect(calls.map(({ abandoned }) => abandoned)).toEqual(['late', null]);
      expect(calls[1]!.context).toBe(patient);
      calls[1]!.outcome.answered(bytes);
      expect(await settled).toEqual([
        { status: 'rejected', reason: expect.any(DeadlinePassed) },
        { status: 'fulfilled', value: answer(true) },
        { status: 'fulfilled', value: answer(true) },
      ]);
    },
  );

  it('gives up at its deadline when the fetch was sent again', async () => {
    const { calls, send } = sharing();
    const settled = Promise.allSettled([500, 1_000].map((ms) => send(query('{ a }'), inMs(ms), signal)));
    await jest.advanceTimersByTimeAsync(1_010);
    const late = { status: 'rejected', reason: expect.any(DeadlinePassed) };
    expect(await settled).toEqual([late, late]);
    expect(calls.map(({ abandoned }) => abandoned)).toEqual(['late', 'late']);
  });
});
