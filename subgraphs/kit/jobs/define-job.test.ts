import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { defineSubgraph } from '../subgraph/define-subgraph.js';
import { BadJob, defineJob, retryDelay, type RetryPolicy } from './define-job.js';
import { BadSchedule } from './schedule/job-schedule.js';

const run = () => Promise.resolve();
const payload = z.object({});

describe('A definition of a job', () => {
  it.each([
    ['Billing.send', /is no name of a job/],
    ['send-invoice', /is no name of a job/],
    ['billing.', /is no name of a job/],
    [`billing.${'a'.repeat(255)}`, /is no name of a job/],
  ])('is refused under the name "%s"', (name, why) => {
    expect(() => defineJob({ name, payload, run })).toThrow(BadJob);
    expect(() => defineJob({ name, payload, run })).toThrow(why);
  });

  it.each([
    [0, 'concurrency.perWorker is 0'],
    [{ perTenant: 1.5 }, 'concurrency.perTenant is 1.5'],
    [{ perProduct: -1 }, 'concurrency.perProduct is -1'],
  ])('is refused with the concurrency %j', (concurrency, why) => {
    expect(() => defineJob({ name: 'billing.send', payload, concurrency, run })).toThrow(
      `Job "billing.send": ${why}, and must be a whole number from 1.`,
    );
  });

  it.each([
    { attempts: 0, firstMs: 1 },
    { attempts: 1.5, firstMs: 1 },
    { attempts: 2, firstMs: -1 },
    { attempts: 2, firstMs: 5, maxMs: 4 },
  ])('is refused with the retries %j', (retry) => {
    const definition = { name: 'billing.send', payload, retry: { backoff: 'fixed' as const, ...retry }, run };
    expect(() => defineJob(definition)).toThrow(
      /^Job "billing.send": retry needs attempts, a whole number from 1, and 0 ≤ firstMs ≤ maxMs; it has \{/,
    );
  });

  it.each([0, -1, NaN, 86_400_001])('is refused with a timeout of %d ms', (timeoutMs) => {
    expect(() => defineJob({ name: 'billing.send', payload, timeoutMs, run })).toThrow(
      `Job "billing.send": timeoutMs is ${timeoutMs}, and must be from 1 to 86400000 (a day).`,
    );
  });

  it('is refused with an expression that does not parse, and says whose it is', () => {
    const schedule = { cron: '61 * * * *' };
    expect(() => defineJob({ name: 'billing.close-month', payload, schedule, run })).toThrow(BadSchedule);
    expect(() => defineJob({ name: 'billing.close-month', payload, schedule, run })).toThrow(
      /^Job "billing.close-month" cannot be scheduled: .*61 \* \* \* \*/,
    );
  });

  it('is refused with a schedule and a payload that nobody would fill', () => {
    const definition = { name: 'billing.close-month', payload: z.object({ month: z.string() }), run };
    expect(() => defineJob({ ...definition, schedule: { cron: '0 0 1 * *' } })).toThrow(
      'Job "billing.close-month" has a schedule, so its payload must accept {}: that is what it is run with.',
    );
  });

  it('belongs to the product in front of its name, and is there once', () => {
    const job = defineJob({ name: 'billing.send', payload, run }) as never;
    const product = { owner: 'team', schema: new URL('file:///none'), resolvers: {} };
    expect(() => defineSubgraph({ ...product, name: 'orders', jobs: [job] })).toThrow(
      'Job "billing.send" is declared by "orders": its name must begin with "orders.".',
    );
    expect(() => defineSubgraph({ ...product, name: 'billing', jobs: [job, job] })).toThrow(
      '"billing" declares two jobs "billing.send".',
    );
  });

  it('gives its product a permission to see and steer its jobs', () => {
    const job = defineJob({ name: 'billing.send', payload, run }) as never;
    const product = { owner: 'team', schema: new URL('file:///none'), resolvers: {}, name: 'billing' };
    expect(defineSubgraph({ ...product, permissions: ['billing:read'], jobs: [job] }).permissions).toEqual([
      'billing:read',
      'billing:jobs:admin',
    ]);
    expect(defineSubgraph(product).permissions).toBeUndefined();
  });
});

describe('The delay before another run', () => {
  const policy: RetryPolicy = { attempts: 5, backoff: 'exponential', firstMs: 100, maxMs: 500 };

  it('doubles up to its bound, and ends with the last attempt', () => {
    expect([1, 2, 3, 4, 5].map((attempt) => retryDelay(policy, attempt))).toEqual([100, 200, 400, 500, null]);
  });

  it('stays the same where it is fixed', () => {
    expect([1, 2].map((attempt) => retryDelay({ ...policy, backoff: 'fixed' }, attempt))).toEqual([100, 100]);
  });

  it('with jitter is between half of that and all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
        const plain = retryDelay(policy, attempt)!;
        const spread = retryDelay({ ...policy, jitter: true }, attempt, () => chance)!;
        expect(spread).toBeGreaterThanOrEqual(plain / 2);
        expect(spread).toBeLessThanOrEqual(plain);
      }),
    );
  });
});
