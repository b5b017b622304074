import { describe, expect, it } from '@jest/globals';
import { RetryBudget } from './retry-budget.js';

const taken = (budget: RetryBudget, wanted: number): number =>
  Array.from({ length: wanted }, () => budget.take()).filter(Boolean).length;

describe('The retry budget', () => {
  it('lets a subgraph that is down get a fifth more load, never twice as much', () => {
    const budget = new RetryBudget(() => 0);
    for (let sent = 0; sent < 1_000; sent++) budget.sent();
    expect(taken(budget, 1_000)).toBe(203);
  });

  it('allows a quiet subgraph three retries', () => {
    expect(taken(new RetryBudget(() => 0), 10)).toBe(3);
  });

  it('is there again ten seconds later', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    expect(taken(budget, 10)).toBe(3);
    now += 4_999;
    expect(taken(budget, 10)).toBe(0);
    now += 5_001;
    expect(taken(budget, 10)).toBe(3);
  });

  it('is not earned by traffic of long ago', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    for (let sent = 0; sent < 1_000; sent++) budget.sent();
    now += 10_000;
    expect(taken(budget, 10)).toBe(3);
  });
});
