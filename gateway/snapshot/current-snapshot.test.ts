import { describe, expect, it } from '@jest/globals';
import { CurrentSnapshot } from './current-snapshot.js';
import type { Snapshot } from './snapshot.js';

function snapshots(...ids: string[]) {
  const closed: string[] = [];
  const made = ids.map((id) => ({ id, close: async () => void closed.push(id) }) as unknown as Snapshot);
  return { made, closed };
}

describe('The current snapshot', () => {
  it('is what every request begins on from the moment of the swap', () => {
    const { made } = snapshots('old', 'new');
    const current = new CurrentSnapshot(made[0]!);
    expect(current.acquire()).toBe(made[0]);
    current.swap(made[1]!);
    expect([current.acquire(), current.current]).toEqual([made[1], made[1]]);
  });

  it('is closed by a swap at once when no request is on it', () => {
    const { made, closed } = snapshots('old', 'new');
    const current = new CurrentSnapshot(made[0]!);
    current.release(current.acquire());
    expect(closed).toEqual([]);
    current.swap(made[1]!);
    expect(closed).toEqual(['old']);
  });

  it('stays open after a swap until the last request on it has ended, and is closed once', () => {
    const { made, closed } = snapshots('old', 'new', 'newest');
    const current = new CurrentSnapshot(made[0]!);
    const [one, other] = [current.acquire(), current.acquire()];
    current.swap(made[1]!);
    current.swap(made[2]!);
    current.release(one);
    expect(closed).toEqual(['new']);
    current.release(other);
    expect(closed).toEqual(['new', 'old']);
  });

  it('is not kept, and not closed, by who only looks', () => {
    const { made, closed } = snapshots('old', 'new');
    const current = new CurrentSnapshot(made[0]!);
    expect(current.current).toBe(made[0]);
    current.swap(made[1]!);
    expect(closed).toEqual(['old']);
  });
});
