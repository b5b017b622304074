import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { TimeLimits, type TimeLimited } from './time-limits.js';

beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void jest.useRealTimers());

const START = 1_000_000;
const seen: [name: string, at: number][] = [];
const limited = (name: string, inMs: number, due = (): void => undefined): TimeLimited => ({
  dueAt: START + inMs,
  slot: -1,
  due() {
    seen.push([name, Date.now() - START]);
    due();
  },
});

describe('A time limit', () => {
  beforeEach(() => void (seen.length = 0));

  it('is kept once, at its moment, whatever order limits were set in', () => {
    const limits = new TimeLimits();
    for (const ms of [300, 100, 200]) limits.watch(limited(String(ms), ms));
    jest.advanceTimersByTime(99);
    expect(seen).toEqual([]);
    jest.advanceTimersByTime(10_000);
    expect(seen).toEqual([
      ['100', 100],
      ['200', 200],
      ['300', 300],
    ]);
  });

  it('is forgotten when what it limits ended before', () => {
    const limits = new TimeLimits();
    const [first, second] = [limited('first', 100), limited('second', 100)];
    limits.watch(first);
    limits.watch(second);
    limits.release(first);
    limits.release(first);
    jest.advanceTimersByTime(1_000);
    expect(seen).toEqual([['second', 100]]);
  });

  it('may end others, and set new ones, when it is due', () => {
    const limits = new TimeLimits();
    const other = limited('other', 100);
    limits.watch(
      limited('first', 100, () => {
        limits.release(other);
        limits.watch(limited('next', 150));
      }),
    );
    limits.watch(other);
    jest.advanceTimersByTime(1_000);
    expect(seen).toEqual([
      ['first', 100],
      ['next', 150],
    ]);
  });

  it('a month away is not taken for one that has come', () => {
    new TimeLimits().watch(limited('far', 31 * 86_400_000));
    jest.advanceTimersByTime(86_400_000);
    expect(seen).toEqual([]);
  });

  it('is kept at most 5 ms late among any others that come and go', () => {
    const limitsOf = fc.array(fc.record({ inMs: fc.nat(400), endsAfterMs: fc.nat(400) }), { maxLength: 40 });
    fc.assert(
      fc.property(limitsOf, (all) => {
        seen.length = 0;
        jest.setSystemTime(START);
        const limits = new TimeLimits();
        const expected = all.map(({ inMs, endsAfterMs }, index) => {
          const one = limited(String(index), inMs);
          limits.watch(one);
          setTimeout(() => limits.release(one), endsAfterMs);
          return { name: String(index), inMs, endsAfterMs };
        });
        jest.advanceTimersByTime(1_000);
        const kept = new Map(seen);
        expect(seen).toHaveLength(kept.size);
        for (const { name, inMs, endsAfterMs } of expected) {
          const at = kept.get(name);
          if (endsAfterMs > inMs + 6) expect(at).toBeDefined();
          if (endsAfterMs < inMs) expect(at).toBeUndefined();
          if (at !== undefined) expect([at >= inMs, at <= inMs + 6]).toEqual([true, true]);
        }
      }),
      { numRuns: 100 },
    );
  });
});
