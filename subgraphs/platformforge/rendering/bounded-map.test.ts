import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedMap } from './bounded-map.js';

describe('A bounded map', () => {
  it('forgets what was not asked for the longest, once there is more than it holds', () => {
    const map = new BoundedMap<string, { readonly n: number }>(2);
    map.set('a', { n: 1 });
    map.set('b', { n: 2 });
    expect(map.get('a')).toEqual({ n: 1 });
    map.set('c', { n: 3 });
    expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([{ n: 1 }, undefined, { n: 3 }]);
  });

  it('answers what was set last or nothing, and holds no more than it may', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat())), (sets) => {
        const map = new BoundedMap<number, { readonly n: number }>(3);
        const last = new Map<number, number>();
        for (const [key, n] of sets) {
          map.set(key, { n });
          last.set(key, n);
        }
        const held = [...Array(10).keys()].filter((key) => map.get(key));
        expect(held).toHaveLength(Math.min(3, last.size));
        for (const key of held) expect(map.get(key)).toEqual({ n: last.get(key) });
      }),
    );
  });
});
