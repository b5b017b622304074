import { describe, expect, it } from '@jest/globals';
import { Forbidden, SubgraphUnreachable, type SubgraphHandle } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import { gate } from '../test-support/gate.js';
import { RecordedListener } from '../test-support/recorded-listener.js';
import { contextFor, notes } from '../test-support/test-subgraphs.js';
import { transportOf } from './transport-of.js';
import { subscribeInProcess } from './subscribe-in-process.js';

type Subscribe = NonNullable<SubgraphHandle['subscribe']>;

const REQUEST = { query: 'subscription { a }', variables: { x: 1 }, lastEventId: null };
const result = (a: number): ExecutionResult => ({ data: { a } });

function listen(subscribe: Subscribe, request: typeof REQUEST | { lastEventId: string } = REQUEST) {
  const heard = new RecordedListener();
  const context = contextFor();
  const subscription = subscribeInProcess(notes({ subscribe })).subscribe({ ...REQUEST, ...request }, context, heard);
  return { heard, subscription, context };
}

/** Some events, then none until it is returned from. */
function endless(count = 2) {
  const returned = gate();
  const asked: IteratorResult<ExecutionResult>[] = Array.from({ length: count }, (_, at) => ({
    value: result(at + 1),
  }));
  const events = {
    next: async () => asked.shift() ?? (await returned.opened, { done: true as const, value: undefined }),
    return: async () => (returned.open(), { done: true as const, value: undefined }),
    [Symbol.asyncIterator]: () => events,
  };
  return { events, returned };
}

describe('A subscription to a subgraph in this process', () => {
  it("hears the subgraph's events in order with its own data, then that it has ended", async () => {
    const [one, two] = [result(1), result(2)];
    const asked: unknown[] = [];
    const { heard, context } = listen(async (...call) => {
      asked.push(call);
      return (async function* () {
        yield one;
        yield two;
      })();
    });
    expect(await heard.end()).toBeNull();
    expect(heard.events).toEqual([one, two]);
    expect(heard.events[0]!.data).toBe(one.data);
    expect(asked).toEqual([[{ query: REQUEST.query, variables: { x: 1 } }, context]]);
  });

  it('hears one object that is yielded twice as two events', async () => {
    const one = result(1);
    const { heard } = listen(async () =>
      (async function* () {
        yield one;
        yield one;
      })(),
    );
    expect(await heard.end()).toBeNull();
    expect(heard.events).toEqual([one, one]);
    expect(new Set(heard.events).size).toBe(2);
  });

  it('says what its client has seen last', async () => {
    const asked = gate();
    let seen: unknown;
    listen(
      async ({ lastEventId }) => {
        seen = lastEventId;
        asked.open();
        return endless().events;
      },
      { lastEventId: 'e7' },
    );
    await asked.opened;
    expect(seen).toBe('e7');
  });

  it.each<[string, Error]>([
    ['a refusal', new Forbidden()],
    ['that something behind the subgraph is unreachable', new SubgraphUnreachable('other', null)],
  ])('hears %s as the subgraph says it', async (_what, error) => {
    expect(await listen(() => Promise.reject(error)).heard.end()).toBe(error);
  });

  it.each<[string, Subscribe]>([
    ['rejects', () => Promise.reject(new TypeError('x'))],
    [
      'throws',
      () => {
        throw new TypeError('x');
      },
    ],
    [
      'breaks after its first event',
      async () =>
        (async function* () {
          yield result(1);
          throw new TypeError('x');
        })(),
    ],
  ])('ends with the subgraph unreachable when that %s', async (_what, subscribe) => {
    expect(await listen(subscribe).heard.end()).toMatchObject({
      code: 'SUBGRAPH_UNREACHABLE',
      cause: expect.any(TypeError),
    });
  });

  it('is refused where the subgraph has none, with a sentence for the log', async () => {
    const heard = new RecordedListener();
    transportOf(notes()).subscriptions!.subscribe(REQUEST, contextFor(), heard);
    expect(await heard.end()).toMatchObject({
      code: 'SUBGRAPH_UNREACHABLE',
      cause: { message: 'Subgraph "notes" runs in this process, and its handle has no subscriptions.' },
    });
  });

  it('is returned from when it is closed, and says nothing more', async () => {
    const { events, returned } = endless();
    const { heard, subscription } = listen(async () => events);
    await heard.heard(2);
    subscription.close();
    subscription.close();
    await returned.opened;
    await new Promise(setImmediate);
    expect(heard.ends).toEqual([]);
  });

  it('hears no event after it was closed in one', async () => {
    const { events, returned } = endless();
    const heard = new RecordedListener();
    const subscription = subscribeInProcess(notes({ subscribe: async () => events })).subscribe(REQUEST, contextFor(), {
      event: (event) => (heard.event(event), subscription.close()),
      ended: (error) => heard.ended(error),
    });
    await returned.opened;
    await new Promise(setImmediate);
    expect([heard.events, heard.ends]).toEqual([[result(1)], []]);
  });

  it('that is closed while it is being started is returned from as soon as it has', async () => {
    const { events, returned } = endless(0);
    const [asked, start] = [gate(), gate()];
    const { heard, subscription } = listen(async () => (asked.open(), await start.opened, events));
    await asked.opened;
    subscription.close();
    start.open();
    await returned.opened;
    expect([heard.events, heard.ends]).toEqual([[], []]);
  });

  it('that is closed at once is not started', async () => {
    let started = false;
    const { subscription } = listen(async () => ((started = true), endless().events));
    subscription.close();
    await new Promise(setImmediate);
    expect(started).toBe(false);
  });

  it('is shared with equal ones, and goes on when the caller who came first is gone', async () => {
    const first = new AbortController();
    const signals: AbortSignal[] = [];
    const { events, returned } = endless();
    const begin = gate();
    const { subscriptions } = transportOf(
      notes({
        subscribe: async (_request, { signal }) => {
          signals.push(signal);
          await begin.opened;
          return events;
        },
      }),
    );
    const [one, other] = [new RecordedListener(), new RecordedListener()];
    const leaving = subscriptions!.subscribe(REQUEST, contextFor({ signal: first.signal }), one);
    const staying = subscriptions!.subscribe(REQUEST, contextFor(), other);
    first.abort();
    leaving.close();
    begin.open();
    await other.heard(2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    staying.close();
    await returned.opened;
    expect([one.events, signals[0]!.aborted]).toEqual([[], true]);
  });
});
