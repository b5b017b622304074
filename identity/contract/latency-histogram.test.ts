import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  countOf,
  LATENCY_BUCKETS,
  latencyBucketOf,
  LatencyHistogram,
  LONGEST_MS,
  QUANTILE_ERROR,
  quantileOf,
  SHORTEST_MS,
  sumOfLatencies,
} from './latency-histogram.js';

const duration = fc.oneof(
  fc.double({ min: 0, max: 100, noNaN: true }),
  fc.double({ min: 0, max: 2 * LONGEST_MS, noNaN: true }),
  fc.integer({ min: -4, max: 18 }).map((power) => 2 ** power), // where buckets meet
);
const share = fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 0.999, 1);

function histogramOf(durations: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  durations.forEach((ms) => histogram.add(ms));
  return histogram;
}

describe('A quantile of a histogram', () => {
  it('is at most 4.5 % off the exact one, however the durations are split over histograms', () => {
    expect(QUANTILE_ERROR).toBeLessThan(0.045);
    fc.assert(
      fc.property(fc.array(fc.array(duration), { minLength: 1 }), share, (split, asked) => {
        const sorted = split.flat().toSorted((a, b) => a - b);
        const told = quantileOf(sumOfLatencies(split.map((part) => histogramOf(part).counted())), asked);
        if (sorted.length === 0) return expect(told).toBeNull();
        const exact = sorted[Math.max(1, Math.ceil(asked * sorted.length)) - 1]!;
        const longest = sorted.at(-1)!;
        if (exact <= SHORTEST_MS) return expect(told).toBe(Math.min(SHORTEST_MS, longest));
        if (exact > LONGEST_MS) return expect(told).toBe(longest);
        expect(Math.abs(told! - exact) / exact).toBeLessThanOrEqual(QUANTILE_ERROR + 1e-9);
      }),
    );
  });

  it('is no longer than the longest, and none where nothing was counted', () => {
    expect(quantileOf(histogramOf([100]).counted(), 0.99)).toBeLessThanOrEqual(100);
    expect(quantileOf(histogramOf([0.1]).counted(), 0.5)).toBe(0.1);
    expect(quantileOf(histogramOf([]).counted(), 0.5)).toBeNull();
  });
});

describe('Histograms', () => {
  it('add up to the histogram of all, in whichever way they are added', () =>
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 100_000 }))), (split) => {
        const whole = histogramOf(split.flat());
        const added = new LatencyHistogram();
        split.forEach((part) => added.addAll(histogramOf(part)));
        expect(added.counted()).toEqual(whole.counted());
        expect(sumOfLatencies(split.map((part) => histogramOf(part).counted()))).toEqual(whole.counted());
        expect(countOf(whole.counted())).toBe(split.flat().length);
      }),
    ));

  it('have a bucket for whatever a clock may say', () =>
    fc.assert(
      fc.property(fc.double(), (ms) => {
        expect(latencyBucketOf(ms)).toBeGreaterThanOrEqual(0);
        expect(latencyBucketOf(ms)).toBeLessThan(LATENCY_BUCKETS);
      }),
    ));
});
