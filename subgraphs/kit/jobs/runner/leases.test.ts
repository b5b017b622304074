import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import type { ClaimedJob, HeldRun as Renewal, JobStore } from '../store/job-store.js';
import { Leases } from './leases.js';

const JOB = { id: '01890000-0000-7000-8000-000000000001', name: 'starter.job', fence: 7 } as ClaimedJob;

/** A store that answers a renewal when the test does. */
function slowStore() {
  const renewals: (readonly Renewal[])[] = [];
  let answer: (error: Error | null) => void = () => undefined;
  const store = {
    renew: (_worker: string, _leaseMs: number, held: readonly Renewal[]) =>
      new Promise<ReadonlySet<string>>((resolve, reject) => {
        renewals.push(held);
        answer = (error) => (error ? reject(error) : resolve(new Set(held.map(({ id }) => id))));
      }),
  } as unknown as JobStore;
  return { store, renewals, answer: (error: Error | null = null) => answer(error) };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('What a run has said', () => {
  it.each([
    ['is in the store before its end where a renewal tells it', null, []],
    ['goes along with its end where the renewal that told it fails', new Error('cut'), ['before']],
  ] as const)('%s', async (_what, failure, left) => {
    const { store, renewals, answer } = slowStore();
    const leases = new Leases(store, 'one', pino({ level: 'silent' }));
    const run = leases.hold(JOB, performance.now());
    run.remember('info', 'before');
    jest.advanceTimersByTime(1_000);
    expect(renewals).toMatchObject([[{ fence: 7, log: [{ message: 'before' }] }]]);

    const order: string[] = [];
    const told = leases.told(7).then(() => order.push('told'));
    await Promise.resolve();
    order.push('answered');
    answer(failure);
    await told;
    expect(order).toEqual(['answered', 'told']);
    expect((run.takeRenewal().log ?? []).map(({ message }) => message)).toEqual(left);
    leases.stop();
  });

  it('is waited for by no run of which the renewal under way tells nothing', async () => {
    const { store } = slowStore();
    const leases = new Leases(store, 'one', pino({ level: 'silent' }));
    leases.hold(JOB, performance.now());
    jest.advanceTimersByTime(6_000);
    await leases.told(7);
    leases.stop();
  });
});
