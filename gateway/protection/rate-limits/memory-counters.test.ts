import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { describeCounters } from '../../test-support/describe-counters.js';
import { memoryCounters } from './memory-counters.js';

describeCounters('Counting in memory', () => Promise.resolve(memoryCounters()));

describe('A window in memory', () => {
  afterEach(() => void jest.useRealTimers());

  it('is kept for as long as it is asked for, and for twice its span after; then nothing is left of it', () => {
    jest.useFakeTimers();
    const counters = memoryCounters();
    const window = { key: 'window', seconds: 60 };
    const held = (units: number) => (counters.take(window, units, 100) as { held: number }).held;
    held(90);
    for (let times = 0; times < 3; times++) {
      jest.advanceTimersByTime(119_000);
      expect(held(1)).toBe(91 + times);
    }
    jest.advanceTimersByTime(240_000);
    expect(held(1)).toBe(1);
    void counters.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});
