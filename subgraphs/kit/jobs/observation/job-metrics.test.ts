import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { jobMetrics } from './job-metrics.js';

describe('What is told of waiting jobs', () => {
  it('is of the moment in which it is asked for, how many there are and how long the oldest has waited alike', async () => {
    const registry = new Registry();
    let seconds = 0;
    jobMetrics(registry, () => ({
      depths: async () => [{ product: 'notes', state: 'ready', count: 2, oldestMs: ++seconds * 1_000, diedLately: 0 }],
      running: 0,
      lostLeases: 0,
      listening: 'connected',
    }));
    const told = async () => (await registry.metrics()).match(/^stack_job_oldest_ready_seconds\{.*$/m)?.[0];
    expect(await told()).toBe('stack_job_oldest_ready_seconds{product="notes"} 1');
    expect(await told()).toBe('stack_job_oldest_ready_seconds{product="notes"} 2');
  });
});
