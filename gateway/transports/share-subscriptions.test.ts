import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import fc from 'fast-check';
import { anyIdentity, type Identity } from '../test-support/any-identity.js';
import { RecordedListener } from '../test-support/recorded-listener.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { identityKey } from './identity-key.js';
import { shareSubscriptions } from './share-subscriptions.js';
import type { SubscriptionListener, SubscriptionRequest, UpstreamSubscription } from './upstream-subscription.js';

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
const FIELDS = ['caller', 'sessionId', 'tenant', 'roles', 'may', 'deployment'] as const;
const event = (a: number): ExecutionResult => ({ data: { a } });

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
    ['last event id', { lastEventId: 'e1' }],
  ])('are not those that differ in %s', (_what, changes) => {
    const { upstreams, listen } = sharing();
    listen();
    listen(changes);
    expect(upstreams).toHaveLength(2);
  });

  it('are not those that go on where they were, however equal', () => {
    const { upstreams, listen } = sharing();
    listen({ lastEventId: 'e1' });
    listen({ lastEventId: 'e1' });
    expect(upstreams).toHaveLength(2);
  });

  it('are only those of callers whom the subgraph cannot tell apart: no tenant hears another’s events', () => {
    const identities = fc
      .tuple(anyIdentity, anyIdentity, fc.constantFrom(...FIELDS))
      .map(([one, other, field]): [Identity, Identity] => [one, { ...one, [field]: other[field] }]);
    fc.assert(
      fc.property(identities, ([one, other]) => {
        const { upstreams, listen } = sharing();
        const [heard, overheard] = [listen({}, contextFor(one)).heard, listen({}, contextFor(other)).heard];
        upstreams[0]!.told.event(event(1));
        expect(heard.events).toHaveLength(1);
        if (!isDeepStrictEqual(one, other)) expect([upstreams.length, overheard.events.length]).toEqual([2, 0]);
        const before = upstreams.length;
        listen({}, contextFor(one));
        expect(upstreams).toHaveLength(before);
      }),
      { numRuns: 500 },
    );
  });

  it('are shared by whoever it is where the subgraph is told nothing about the caller', () => {
    const { upstreams, listen } = sharing({ identityOf: () => '' });
    listen();
    listen({}, contextFor({ roles: ['owner'] }));
    expect(upstreams).toHaveLength(1);
  });
});

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
