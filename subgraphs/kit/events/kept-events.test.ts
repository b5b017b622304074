import { describe, expect, it } from '@jest/globals';
import type { StackEvent } from '@inevitable/contract';
import { KeptEvents } from './kept-events.js';

const event = (id: string): StackEvent => ({
  id,
  name: 'starter.note.changed.v1',
  tenantId: null,
  aggregate: 'a',
  payload: null,
  occurredAt: '',
  correlationId: '',
});

function kept(bounds: { events: number; bytes: number }, ...sizes: readonly number[]): KeptEvents {
  const events = new KeptEvents(bounds);
  sizes.forEach((bytes, index) => events.add(event(`e${index}`), bytes));
  return events;
}

const idsFrom = (events: KeptEvents, position: number): string[] => [...events.from(position)].map(({ id }) => id);

describe('Of the events that were heard', () => {
  it('the latest are kept, and stay where they are while the oldest go', () => {
    const events = kept({ events: 3, bytes: 1_000 }, ...Array<number>(1_000).fill(1));
    expect(idsFrom(events, 0)).toEqual(['e997', 'e998', 'e999']);
    expect(events.positionOf('e998')).toBe(998);
    expect(idsFrom(events, 999)).toEqual(['e999']);
    expect(events.positionOf('e996')).toBeUndefined();
    expect(events.end).toBe(1_000);
  });

  it('no more are kept than fit into the bytes', () => {
    const events = kept({ events: 100, bytes: 10 }, 4, 4, 4);
    expect(idsFrom(events, 0)).toEqual(['e1', 'e2']);
    events.add(event('larger than all'), 11);
    expect(idsFrom(events, 0)).toEqual([]);
    events.add(event('next'), 1);
    expect(idsFrom(events, 0)).toEqual(['next']);
  });

  it('those that are added while they are read are read too, and none twice, also when the oldest go meanwhile', () => {
    const events = kept({ events: 3, bytes: 100 }, 1, 1, 1);
    const read: string[] = [];
    for (const { id } of events.from(1)) {
      read.push(id);
      if (read.length < 4) for (const more of ['a', 'b']) events.add(event(`${id}${more}`), 1);
    }
    expect(new Set(read).size).toBe(read.length);
    expect(read.slice(-3)).toEqual(idsFrom(events, 0));
  });

  it('one is added once', () => {
    const events = kept({ events: 3, bytes: 10 }, 1);
    expect(events.add(event('e0'), 1)).toBeNull();
    expect(idsFrom(events, 0)).toEqual(['e0']);
  });

  it('none from before a break can be followed, and none is added again', () => {
    const events = kept({ events: 3, bytes: 10 }, 1, 1);
    events.breakHere();
    expect(events.positionOf('e1')).toBeUndefined();
    expect(events.add(event('e1'), 1)).toBeNull();
    expect(events.add(event('after'), 1)).toBe(2);
    expect(events.positionOf('after')).toBe(2);
  });
});
