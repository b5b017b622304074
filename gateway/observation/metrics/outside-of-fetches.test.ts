import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FetchMade } from '../../executor/run-plan.js';
import { outsideOfFetches } from './outside-of-fetches.js';

describe('What the gateway itself took', () => {
  it('is every moment of a request in which no fetch was under way, however they overlap and in whatever order they ended', () => {
    const fetch = fc.record({ startMs: fc.nat(50), durationMs: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(fetch, { maxLength: 8 }), fc.nat(20), (fetches, after) => {
        const durationMs = Math.max(0, ...fetches.map((one) => one.startMs + one.durationMs)) + after;
        const isFetching = (at: number) =>
          fetches.some((one) => at >= one.startMs && at < one.startMs + one.durationMs);
        const quiet = Array.from({ length: durationMs }, (_, at) => at).filter((at) => !isFetching(at));
        expect(outsideOfFetches(durationMs, fetches as unknown as FetchMade[])).toBe(quiet.length);
      }),
    );
  });

  it('is never less than nothing, where a fetch of a subscriber who left outlived its request', () => {
    expect(outsideOfFetches(5, [{ startMs: 0, durationMs: 9 } as FetchMade])).toBe(0);
  });
});
