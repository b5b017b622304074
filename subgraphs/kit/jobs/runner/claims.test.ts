import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import type { ClaimedJob, ClaimRequest, JobStore, WantedJobs } from '../store/job-store.js';
import { Claims } from './claims.js';
import { Leases } from './leases.js';

const NAME = 'starter.job';
const JOBS = 60;
/** A worker that nothing wakes looks again after 800 ms at the earliest. */
const BEFORE_IT_LOOKS_MS = 790;
const STEP_MS = 10;
const most = ({ perTenant, perProduct, share }: WantedJobs): number =>
  Math.min(perTenant ?? Infinity, perProduct ?? Infinity, share ?? Infinity);
const log = pino({ level: 'silent' });

/**
 * A backlog of one tenant's jobs in a store that takes its time: a claim is decided when it comes, by what it knows to run,
 * and answered later.
 */
function slowStore(claimMs: number) {
  const running = new Set<number>();
  let left = JOBS;
  let claims = 0;
  let fence = 0;
  const store = {
    look: () => Promise.resolve({ readyNames: [NAME], nextWakeMs: null, dueSchedules: [], now: new Date() }),
    async claim({ wanted: [want] }: ClaimRequest) {
      const granted = Math.max(0, Math.min(left, want!.room, most(want!) - running.size));
      left -= granted;
      const jobs = Array.from({ length: granted }, () => {
        running.add((fence += 1));
        return { id: `job-${fence}`, name: NAME, tenantId: 'one', fence } as ClaimedJob;
      });
      claims += 1;
      await new Promise((resolve) => setTimeout(resolve, claimMs));
      claims -= 1;
      return jobs;
    },
    release: (jobs: readonly { readonly fence: number }[]) => {
      for (const job of jobs) if (running.delete(job.fence)) left += 1;
      return Promise.resolve();
    },
  } as unknown as JobStore;
  let leftBefore = left;
  /** Since it was asked before: a step may always end in the millisecond between a run's end and the next claim. */
  const wasIdle = (): boolean => {
    const isSameBacklog = left === leftBefore;
    leftBefore = left;
    return isSameBacklog && left > 0 && running.size === 0 && claims === 0;
  };
  return { store, running, wasIdle };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('A worker with a backlog before it', () => {
  it('is never idle until it looks again, however long claims and runs take', async () => {
    const limit = fc.option(fc.integer({ min: 1, max: 5 }));
    const pace = fc.record({
      perWorker: fc.integer({ min: 1, max: 6 }),
      perTenant: limit,
      perProduct: limit,
      claimMs: fc.integer({ min: 1, max: 90 }),
      /** Of the runs in turn, with the writing of their ends. */
      runMs: fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(pace, async ({ claimMs, runMs, ...limits }) => {
        const { store, running, wasIdle } = slowStore(claimMs);
        const leases = new Leases(store, 'worker', log);
        const handOver = (name: string): void => {
          for (let run = claims.take(name); run; run = claims.take(name)) {
            const { fence } = run.job;
            const durationMs = runMs[fence % runMs.length]!;
            setTimeout(() => {
              running.delete(fence);
              leases.drop(fence);
              claims.placeFreed(name, durationMs);
            }, durationMs);
          }
        };
        const places = new Map([[NAME, limits]]);
        const fireSchedules = () => Promise.resolve(false);
        const claims: Claims = new Claims({ worker: 'worker', store, leases, places, handOver, fireSchedules, log });
        claims.wake(null);
        let idleSteps = 0;
        let mostIdle = 0;
        for (let ms = 0; ms < BEFORE_IT_LOOKS_MS; ms += STEP_MS) {
          await jest.advanceTimersByTimeAsync(STEP_MS);
          idleSteps = wasIdle() ? idleSteps + 1 : 0;
          mostIdle = Math.max(mostIdle, idleSteps);
        }
        await Promise.all([claims.stop(), jest.advanceTimersByTimeAsync(100)]);
        leases.stop();
        expect(mostIdle).toBeLessThan(3); // a few free places wait 5 ms for more of them
      }),
      {
        numRuns: 80,
        examples: [[{ perWorker: 1, perTenant: null, perProduct: 1, claimMs: 6, runMs: [10, 3, 3] }]],
      },
    );
  });
});
