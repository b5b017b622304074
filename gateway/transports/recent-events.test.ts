import { describe, expect, it } from '@jest/globals';
import type { ExecutionResult } from 'graphql';
import { RECENT_EVENTS, RECENT_EVENTS_OF_ALL, RecentEvents, type RememberedEvents } from './recent-events.js';

const named = (a: number): ExecutionResult => ({ data: { a }, extensions: { eventId: `e${a}` } });
const after = (recent: RecentEvents, id: string): unknown[] | null => {
  const events = [];
  const start = recent.after(id);
  for (let place = start?.next; place; place = place.next) events.push(place.event!.data!['a']);
  return start && events;
};

describe('The recent events of an upstream', () => {
  it('are found after each of them, and after its start', () => {
    const recent = new RecentEvents('e0', new Set());
    for (let a = 1; a <= 3; a++) recent.add(named(a));
    expect(['e0', 'e1', 'e3', 'e4'].map((id) => after(recent, id))).toEqual([[1, 2, 3], [2, 3], [], null]);
  });

  it('are so many, however many came', () => {
    const all: RememberedEvents = new Set();
    const recent = new RecentEvents('e0', all);
    for (let a = 1; a <= 3 * RECENT_EVENTS; a++) recent.add(named(a));
    expect(all.size).toBe(RECENT_EVENTS);
    expect(after(recent, `e${2 * RECENT_EVENTS}`)).toHaveLength(RECENT_EVENTS);
    expect(after(recent, `e${2 * RECENT_EVENTS - 1}`)).toBeNull();
  });

  it('are so many of all upstreams, however many there are: the oldest go', () => {
    const all: RememberedEvents = new Set();
    const upstreams = Array.from({ length: RECENT_EVENTS_OF_ALL / 100 + 1 }, () => new RecentEvents('e0', all));
    for (const recent of upstreams) for (let a = 1; a <= 100; a++) recent.add(named(a));
    expect(all.size).toBe(RECENT_EVENTS_OF_ALL);
    expect([upstreams[0]!, upstreams[1]!].map((recent) => after(recent, 'e0')?.length)).toEqual([undefined, 100]);
    expect(after(upstreams[0]!, 'e100')).toEqual([]);
  });

  it.each<[string, ExecutionResult]>([
    ['has no id', { data: { a: 2 } }],
    ['has an id of another kind', { data: { a: 2 }, extensions: { eventId: 2 } }],
    ['has an id that came before', named(1)],
    ['comes after a gap', { data: { a: 2 }, extensions: { eventId: 'e2', eventsMissed: true } }],
  ])('are let go of when an event %s', (_what, event) => {
    const all: RememberedEvents = new Set();
    const recent = new RecentEvents('e0', all);
    for (const told of [named(1), event]) recent.add(told);
    expect([all.size, after(recent, 'e0'), after(recent, 'e1')]).toEqual([0, null, null]);
    recent.add(named(3));
    expect(after(recent, 'e3')).toEqual([]);
    expect(after(recent, 'e2')).toEqual(event.extensions?.['eventId'] === 'e2' ? [3] : null);
  });

  it('are let go of with the upstream, but by those who are reading them', () => {
    const all: RememberedEvents = new Set();
    const recent = new RecentEvents('e0', all);
    const place = recent.after('e0')!;
    recent.add(named(1));
    recent.forget();
    expect([all.size, recent.after('e0'), place.next?.event]).toEqual([0, null, named(1)]);
  });
});
