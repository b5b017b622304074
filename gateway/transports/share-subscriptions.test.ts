import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import fc from 'fast-check';
import { anyIdentity, type Identity } from '../test-support/any-identity.js';
import { RecordedListener } from '../test-support/recorded-listener.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { identityKey } from './identity-key.js';
import { RECENT_EVENTS } from './recent-events.js';
import { shareSubscriptions } from './share-subscriptions.js';
import type {
  SubscriptionListener,
  SubscriptionRequest,
  SubscriptionTransport,
  UpstreamSubscription,
} from './upstream-subscription.js';

interface Upstream {
  readonly request: SubscriptionRequest;
  readonly context: RequestContext;
  /** What the subgraph says goes here. */
  readonly told: SubscriptionListener;
  closed: number;
}

/** What is shared, and every subscription it made. `atStart` is what the subgraph says before `subscribe` returns. */
function sharing({
  atStart,
  identityOf = identityKey,
}: {
  readonly atStart?: (told: SubscriptionListener) => void;
  readonly identityOf?: (context: RequestContext) => string;
} = {}) {
  const upstreams: Upstream[] = [];
  const shared = shareSubscriptions(
    {
      subscribe(request, context, told) {
        const upstream: Upstream = { request, context, told, closed: 0 };
        upstreams.push(upstream);
        atStart?.(told);
        return { close: () => void upstream.closed++ };
      },
    },
    identityOf,
  );
  const listen = (changes: Partial<SubscriptionRequest> = {}, context = contextFor()) => {
    const heard = new RecordedListener();
    return { heard, subscription: shared.subscribe({ ...REQUEST, ...changes }, context, heard) };
  };
  return { upstreams, shared, listen };
}

const REQUEST: SubscriptionRequest = { query: 'subscription { a }', variables: {}, lastEventId: null };
const turn = (): Promise<void> => new Promise(setImmediate);
const FIELDS = ['caller', 'sessionId', 'tenant', 'roles', 'may', 'deployment'] as const;
const event = (a: number): ExecutionResult => ({ data: { a } });
const named = (a: number): ExecutionResult => ({ data: { a }, extensions: { eventId: `e${a}` } });
const GAP: ExecutionResult = { data: null, extensions: { eventsMissed: true } };

describe('Equal subscriptions', () => {
  it('share one upstream, and each hears every event once from when it joined', () => {
    const { upstreams, listen } = sharing();
    const one = listen();
    upstreams[0]!.told.event(event(1));
    const other = listen();
    upstreams[0]!.told.event(event(2));
    expect(upstreams).toHaveLength(1);
    expect(one.heard.events).toEqual([event(1), event(2)]);
    expect(other.heard.events).toEqual([event(2)]);
    expect(one.heard.events[1]).toBe(other.heard.events[0]);
  });

  it('share its end, after which the next one begins anew', () => {
    const { upstreams, listen } = sharing();
    const all = [listen(), listen()];
    const error = new SubgraphUnreachable('notes', null);
    upstreams[0]!.told.ended(error);
    upstreams[0]!.told.event(event(1));
    upstreams[0]!.told.ended(null);
    expect(all.map(({ heard }) => [heard.events, heard.ends])).toEqual([
      [[], [error]],
      [[], [error]],
    ]);
    all[0]!.subscription.close();
    listen();
    expect(upstreams.map(({ closed }) => closed)).toEqual([0, 0]);
  });

  it('close it with the last one that leaves, after which the next one begins anew', () => {
    const { upstreams, listen } = sharing();
    const [one, other] = [listen(), listen()];
    one.subscription.close();
    one.subscription.close();
    upstreams[0]!.told.event(event(1));
    expect([upstreams[0]!.closed, one.heard.events, other.heard.events]).toEqual([0, [], [event(1)]]);
    other.subscription.close();
    other.subscription.close();
    expect(upstreams[0]!.closed).toBe(1);
    listen();
    upstreams[0]!.told.event(event(2)); // late
    expect([upstreams.length, other.heard.events]).toEqual([2, [event(1)]]);
  });

  it('leave the upstream of their successors alone when they end late', () => {
    const { upstreams, listen } = sharing();
    listen().subscription.close();
    listen();
    upstreams[0]!.told.ended(null);
    listen();
    expect(upstreams).toHaveLength(2);
  });

  it.each<[string, Partial<SubscriptionRequest>]>([
    ['document', { query: 'subscription { b }' }],
    ['variables', { variables: { a: 1 } }],
    ['headers of extensions', { headers: { 'x-canary': 'yes' } }],
  ])('are not those that differ in %s', (_what, changes) => {
    const { upstreams, listen } = sharing();
    listen();
    listen(changes);
    expect(upstreams).toHaveLength(2);
  });

  it('are only those of callers whom the subgraph cannot tell apart: no tenant hears another’s events', () => {
    const identities = fc
      .tuple(anyIdentity, anyIdentity, fc.constantFrom(...FIELDS))
      .map(([one, other, field]): [Identity, Identity] => [one, { ...one, [field]: other[field] }]);
    const [firsts, laters] = [fc.constantFrom(null, 'e0'), fc.constantFrom(null, 'e0', 'e1')];
    const property = fc.asyncProperty(identities, firsts, laters, async ([one, other], first, later) => {
      const { upstreams, listen } = sharing();
      const { heard } = listen({ lastEventId: first }, contextFor(one));
      const overheard = [listen({ lastEventId: first }, contextFor(other)).heard];
      for (const told of [named(1), named(2)]) upstreams[0]!.told.event(told);
      overheard.push(listen({ lastEventId: later }, contextFor(other)).heard);
      upstreams[0]!.told.event(named(3));
      await turn();
      expect(heard.events).toHaveLength(3);
      if (!isDeepStrictEqual(one, other)) {
        expect(upstreams.length).toBeGreaterThan(1);
        expect(overheard.map(({ events }) => events)).toEqual([[], []]);
      }
      const before = upstreams.length;
      listen({ lastEventId: first }, contextFor(one));
      listen({ lastEventId: 'e2' }, contextFor(one));
      expect(upstreams).toHaveLength(before);
    });
    return fc.assert(property, { numRuns: 500 });
  });

  it('are shared by whoever it is where the subgraph is told nothing about the caller', () => {
    const { upstreams, listen } = sharing({ identityOf: () => '' });
    listen();
    listen({}, contextFor({ roles: ['owner'] }));
    expect(upstreams).toHaveLength(1);
  });
});

describe('A subscription that goes on after an event', () => {
  it('joins the upstream that began after the same, and is told first what that one has told, not before it has begun', async () => {
    const { upstreams, listen } = sharing();
    const one = listen({ lastEventId: 'e0' });
    for (const told of [named(1), named(2)]) upstreams[0]!.told.event(told);
    const other = listen({ lastEventId: 'e0' });
    expect(other.heard.events).toEqual([]);
    upstreams[0]!.told.event(named(3));
    expect(other.heard.events).toEqual([]);
    await turn();
    upstreams[0]!.told.event(named(4));
    expect(upstreams.map(({ request }) => request.lastEventId)).toEqual(['e0']);
    expect(one.heard.events).toEqual([1, 2, 3, 4].map(named));
    expect(other.heard.events).toEqual(one.heard.events);
    other.heard.events.forEach((told, at) => expect(told).toBe(one.heard.events[at]));
  });

  it.each([null, 'e0'])('joins one that has told the event: that began after %p', async (lastEventId) => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId });
    for (const told of [named(1), named(2)]) upstreams[0]!.told.event(told);
    const [behind, upToDate] = [listen({ lastEventId: 'e1' }), listen({ lastEventId: 'e2' })];
    upstreams[0]!.told.event(named(3));
    await turn();
    expect([upstreams.length, behind.heard.events, upToDate.heard.events]).toEqual([
      1,
      [named(2), named(3)],
      [named(3)],
    ]);
  });

  it('is one of five hundred with one upstream, when all come back', async () => {
    const { upstreams, listen } = sharing();
    const all = Array.from({ length: 500 }, (_, at) => {
      if (at % 100 === 0) upstreams[0]?.told.event(named(at / 100));
      return listen({ lastEventId: 'e0' });
    });
    await turn();
    expect(upstreams).toHaveLength(1);
    for (const { heard } of all) expect(heard.events).toEqual([1, 2, 3, 4].map(named));
  });

  it('begins another upstream where none has told the event, and the next ones join that', () => {
    const { upstreams, listen } = sharing();
    listen();
    upstreams[0]!.told.event(named(2));
    for (const lastEventId of ['e1', 'e0', 'e1', 'e0']) listen({ lastEventId });
    expect(upstreams.map(({ request }) => request.lastEventId)).toEqual([null, 'e1', 'e0']);
  });

  it('begins another upstream where the event was too long ago', async () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    for (let a = 1; a <= RECENT_EVENTS; a++) upstreams[0]!.told.event(named(a));
    const all = listen({ lastEventId: 'e0' });
    await turn();
    expect(all.heard.events).toHaveLength(RECENT_EVENTS);
    upstreams[0]!.told.event(named(RECENT_EVENTS + 1));
    listen({ lastEventId: 'e1' });
    expect(upstreams).toHaveLength(1);
    listen({ lastEventId: 'e0' });
    expect(upstreams).toHaveLength(2);
  });

  it('joins its upstream whatever those that are over have told', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    upstreams[0]!.told.event(named(1));
    for (let times = 0; times < 100; times++) {
      const { subscription } = listen({ variables: { a: times } });
      const { told } = upstreams.at(-1)!;
      for (let a = 0; a < RECENT_EVENTS; a++) told.event(named(a));
      subscription.close();
      for (let a = 0; a < RECENT_EVENTS; a++) told.event(named(RECENT_EVENTS + a)); // late
    }
    listen({ lastEventId: 'e0' });
    expect(upstreams).toHaveLength(101);
  });

  it('is not joined by one that wants nothing older than itself', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    const fromNow = [listen(), listen()];
    upstreams[0]!.told.event(named(1)); // a replay
    expect(upstreams.map(({ request }) => request.lastEventId)).toEqual(['e0', null]);
    expect(fromNow.map(({ heard }) => heard.events)).toEqual([[], []]);
  });

  it('that began before events without a name shares none of them, for only the subgraph knows who is to hear them', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    for (const told of [named(1), event(2), named(3)]) upstreams[0]!.told.event(told);
    listen({ lastEventId: 'e3' });
    expect(upstreams).toHaveLength(1);
    listen({ lastEventId: 'e1' });
    listen({ lastEventId: 'e0' });
    expect(upstreams).toHaveLength(3);
  });

  it('does not share a gap of another, which the subgraph may be able to fill', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    for (const told of [named(1), GAP, named(3)]) upstreams[0]!.told.event(told);
    listen({ lastEventId: 'e1' });
    expect(upstreams).toHaveLength(2);
  });

  it('shares the gap that begins where all of them were', async () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'forgotten' });
    for (const told of [GAP, named(9)]) upstreams[0]!.told.event(told);
    const { heard } = listen({ lastEventId: 'forgotten' });
    await turn();
    expect([upstreams.length, heard.events]).toEqual([1, [GAP, named(9)]]);
  });

  it('hears nothing doubled where an id comes twice', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    for (const told of [named(1), named(2), named(1), named(3)]) upstreams[0]!.told.event(told);
    listen({ lastEventId: 'e3' });
    expect(upstreams).toHaveLength(1);
    listen({ lastEventId: 'e1' });
    expect(upstreams).toHaveLength(2);
  });

  it('finds its upstream among many that began elsewhere, unless those are too many', () => {
    const { upstreams, listen } = sharing();
    for (let a = 0; a < 100; a++) listen({ lastEventId: `e${a}` });
    listen({ lastEventId: 'e99' });
    listen({ lastEventId: 'e40' });
    expect(upstreams).toHaveLength(100);
    listen({ lastEventId: 'e0' });
    expect(upstreams).toHaveLength(101);
  });

  it('hears the end after what came before it', async () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e0' });
    upstreams[0]!.told.event(named(1));
    const { heard } = listen({ lastEventId: 'e0' });
    const error = new SubgraphUnreachable('notes', null);
    upstreams[0]!.told.ended(error);
    expect([heard.events, heard.ends]).toEqual([[], []]);
    await turn();
    expect([heard.events, heard.ends]).toEqual([[named(1)], [error]]);
  });

  it('keeps its upstream open while it catches up, and closes it when it leaves instead', async () => {
    const { upstreams, listen } = sharing();
    const first = listen({ lastEventId: 'e0' });
    upstreams[0]!.told.event(named(1));
    const second = listen({ lastEventId: 'e0' });
    first.subscription.close();
    expect(upstreams[0]!.closed).toBe(0);
    second.subscription.close();
    expect(upstreams[0]!.closed).toBe(1);
    await turn();
    expect([second.heard.events, second.heard.ends]).toEqual([[], []]);
  });

  it('may throw over an event of the past, which ends it and harms no other', async () => {
    const { upstreams, shared, listen } = sharing();
    const { heard } = listen({ lastEventId: 'e0' });
    upstreams[0]!.told.event(named(1));
    const careless = new RecordedListener();
    shared.subscribe({ ...REQUEST, lastEventId: 'e0' }, contextFor(), {
      event: () => {
        throw new Error('careless');
      },
      ended: (error) => careless.ended(error),
    });
    expect(await careless.end()).toEqual(new Error('careless'));
    upstreams[0]!.told.event(named(2));
    expect([heard.events, careless.ends.length]).toEqual([[named(1), named(2)], 1]);
  });

  it('hears in its turn what comes because of an event of the past', async () => {
    const { upstreams, shared, listen } = sharing();
    listen({ lastEventId: 'e0' });
    for (const told of [named(1), named(2)]) upstreams[0]!.told.event(told);
    const heard = new RecordedListener();
    shared.subscribe({ ...REQUEST, lastEventId: 'e0' }, contextFor(), {
      event: (told) => {
        heard.event(told);
        if (heard.events.length === 1) upstreams[0]!.told.event(named(3));
      },
      ended: (error) => heard.ended(error),
    });
    await turn();
    expect(heard.events).toEqual([1, 2, 3].map(named));
  });

  it('hears, whoever else listens, exactly what one of its own would have heard, once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAction, { minLength: 5, maxLength: 60 }), async (actions) => {
        const subgraph = new KeepingSubgraph();
        const shared = shareSubscriptions(subgraph, identityKey);
        const clients: { wanted: ExecutionResult[]; from: number; heard: RecordedListener; leave: () => void }[] = [];
        const stay = (): number[] => clients.flatMap(({ from }, at) => (from < Infinity ? [at] : []));
        for (const action of actions) {
          if (action.kind === 'publish') subgraph.publish(action.count);
          else if (action.kind === 'publishUnnamed') subgraph.publishUnnamed();
          else if (action.kind === 'tell') subgraph.tell(action.at, action.count);
          else if (action.kind === 'turn') await turn();
          else if (action.kind === 'leave') {
            const staying = stay();
            clients[staying[action.at % staying.length] ?? -1]?.leave();
          } else {
            const lastEventId = action.kind === 'join' ? null : subgraph.idBefore(action.back);
            const heard = new RecordedListener();
            const client = { wanted: subgraph.wantedAfter(lastEventId), from: subgraph.log.length, heard, leave };
            clients.push(client);
            const subscription = shared.subscribe({ ...REQUEST, lastEventId }, contextFor(), {
              event: (told) => {
                heard.event(told);
                if (heard.events.length === action.leaveAfter) client.leave();
              },
              ended: (error) => heard.ended(error),
            });
            function leave(): void {
              client.wanted = [...client.wanted, ...subgraph.log.slice(client.from)].slice(0, heard.events.length);
              client.from = Infinity;
              subscription.close();
            }
          }
        }
        subgraph.tellAll();
        await turn();
        for (const { wanted, from, heard } of clients)
          expect(heard.events).toEqual([...wanted, ...subgraph.log.slice(from)]);
        for (const at of stay()) clients[at]!.leave();
        expect(subgraph.open).toBe(0);
      }),
      { numRuns: 400 },
    );
  });
});

const place = fc.nat({ max: 1_000 });
const leaveAfter = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const anyAction = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: kind('publish'), count: fc.constantFrom(1, 2, 3, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('publishUnnamed') }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('tell'), at: place, count: fc.constantFrom(1, 2, 150) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('turn') }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('leave'), at: place }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('join'), leaveAfter }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: kind('goOn'), back: fc.constantFrom(0, 0, 1, 2, 5, 120, 400), leaveAfter }),
  },
);

/**
 * Keeps all events that have an id. What a subscription has missed is on its way for a while; one that has heard it all
 * hears each new one at once.
 */
class KeepingSubgraph implements SubscriptionTransport {
  readonly log: ExecutionResult[] = [];
  readonly #upstreams = new Map<SubscriptionListener, ExecutionResult[]>();

  get open(): number {
    return this.#upstreams.size;
  }

  subscribe(request: SubscriptionRequest, _context: RequestContext, told: SubscriptionListener): UpstreamSubscription {
    this.#upstreams.set(told, this.wantedAfter(request.lastEventId));
    return { close: () => void this.#upstreams.delete(told) };
  }

  /** What a subscription that begins now is told of the past. */
  wantedAfter(lastEventId: string | null): ExecutionResult[] {
    if (lastEventId === null) return [];
    const seen = this.log.findIndex(({ extensions }) => extensions?.['eventId'] === lastEventId);
    return this.log.slice(seen + 1).filter(({ extensions }) => extensions);
  }

  /** Of the last event but so many; of none where there are no more. */
  idBefore(back: number): string {
    const ids = this.log.flatMap(({ extensions }) => (extensions ? [extensions['eventId'] as string] : []));
    return ids.at(-1 - back) ?? 'e-1';
  }

  publish(count: number): void {
    for (let more = 0; more < count; more++) this.#add(named(this.log.length));
  }

  /** One on its way when somebody joins would be heard by that one, too. */
  publishUnnamed(): void {
    this.tellAll();
    this.#add(event(this.log.length));
  }

  tell(at: number, count: number): void {
    const [told, waiting] = [...this.#upstreams][at % this.#upstreams.size] ?? [];
    for (const one of waiting?.splice(0, count) ?? []) told!.event(one);
  }

  tellAll(): void {
    for (const [told, waiting] of this.#upstreams) for (const one of waiting.splice(0)) told.event(one);
  }

  #add(added: ExecutionResult): void {
    this.log.push(added);
    for (const [told, waiting] of [...this.#upstreams]) {
      if (waiting.length > 0) waiting.push(added);
      else if (this.#upstreams.has(told)) told.event(added);
    }
  }
}

describe('While an event is being told, a subscription', () => {
  function listener(shared: ReturnType<typeof sharing>['shared'], during: () => void) {
    const heard = new RecordedListener();
    const subscription = shared.subscribe(REQUEST, contextFor(), {
      event: (result) => (heard.event(result), during()),
      ended: (error) => (heard.ended(error), during()),
    });
    return { heard, subscription };
  }

  it('may be closed by another before its turn, and does not hear it', () => {
    const { upstreams, shared, listen } = sharing();
    let second: UpstreamSubscription | null = null;
    const first = listener(shared, () => second?.close());
    const closed = listen();
    second = closed.subscription;
    const third = listen();
    upstreams[0]!.told.event(event(1));
    expect([first, closed, third].map(({ heard }) => heard.events.length)).toEqual([1, 0, 1]);
  });

  it('may close itself as the last one', () => {
    const { upstreams, shared } = sharing();
    const own: { heard: RecordedListener; subscription: UpstreamSubscription } = listener(shared, () =>
      own.subscription.close(),
    );
    upstreams[0]!.told.event(event(1));
    upstreams[0]!.told.event(event(2));
    expect([own.heard.events, upstreams[0]!.closed]).toEqual([[event(1)], 1]);
  });

  it('may join, and hears the next one first', () => {
    const { upstreams, shared, listen } = sharing();
    const joined: RecordedListener[] = [];
    listener(shared, () => joined.push(listen().heard));
    upstreams[0]!.told.event(event(1));
    upstreams[0]!.told.event(event(2));
    expect([upstreams.length, joined.map(({ events }) => events)]).toEqual([1, [[event(2)], []]]);
  });

  it('may go on after it, or after the one before', async () => {
    const { upstreams, shared, listen } = sharing();
    const joined: RecordedListener[] = [];
    listener(shared, () => joined.push(listen({ lastEventId: 'e2' }).heard, listen({ lastEventId: 'e1' }).heard));
    upstreams[0]!.told.event(named(1));
    joined.length = 0;
    upstreams[0]!.told.event(named(2));
    await turn();
    expect(joined.map(({ events }) => events)).toEqual([[], [named(2)]]);
  });

  it('may throw, which ends it and harms no other', () => {
    const { upstreams, shared, listen } = sharing();
    const careless = listener(shared, () => {
      throw new Error('careless');
    });
    const { heard } = listen();
    upstreams[0]!.told.event(event(1));
    upstreams[0]!.told.event(event(2));
    upstreams[0]!.told.ended(null);
    expect([heard.events, heard.ends]).toEqual([[event(1), event(2)], [null]]);
    expect([careless.heard.events, careless.heard.ends]).toEqual([[event(1)], [new Error('careless')]]);
  });

  it('that joins as the upstream ends gets one of its own', () => {
    const { upstreams, shared, listen } = sharing();
    let joined: RecordedListener | null = null;
    listener(shared, () => (joined ??= listen().heard));
    upstreams[0]!.told.ended(null);
    upstreams[1]!.told.event(event(1));
    expect([joined!.events, joined!.ends]).toEqual([[event(1)], []]);
  });
});

describe('A subscription that hears something before it has begun', () => {
  it('may have ended by then', () => {
    const { upstreams, listen } = sharing({ atStart: (told) => told.ended(null) });
    expect(listen().heard.ends).toEqual([null]);
    listen();
    expect(upstreams).toHaveLength(2);
  });

  it('may end for its own listener’s fault by then, and is closed', () => {
    const { upstreams, shared } = sharing({ atStart: (told) => told.event(event(1)) });
    shared.subscribe(REQUEST, contextFor(), {
      event: () => {
        throw new Error('careless');
      },
      ended: () => undefined,
    });
    expect(upstreams[0]!.closed).toBe(1);
  });
});
