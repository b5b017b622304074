import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobRunSummary } from '@inevitable/kit/host';
import fc from 'fast-check';
import { idOf, storedJob, WORKER, type JobDeskUnderTest, type StoredJob, type StoredRun } from './stored-jobs.js';

const OUTCOMES = ['succeeded', 'skipped', 'failed', 'postponed', 'interrupted', 'lost', 'cancelled'] as const;
const FROM = Date.UTC(2026, 0, 1, 10);
const TO = Date.UTC(2026, 0, 1, 11);
/** Around the hour, and often just at its ends. */
const someTime = fc.oneof(
  fc.constantFrom(FROM - 1, FROM, TO - 1, TO),
  fc.integer({ min: FROM - 3_600_000, max: TO + 3_600_000 }),
);
const dateOf = (ms: number): Date => new Date(ms);

const someRun = fc.record({
  attempt: fc.integer({ min: 1, max: 2 }),
  outcome: fc.constantFrom(...OUTCOMES),
  ended: someTime,
  tookMs: fc.integer({ min: 0, max: 100_000 }),
});
const someJobs = fc
  .array(
    fc.record({
      name: fc.constantFrom('alpha.echo', 'alpha.nightly', 'beta.echo'),
      tenantId: fc.constantFrom('00000000-0000-8000-8000-00000000acc0', null),
      state: fc.constantFrom('ready', 'running', 'succeeded', 'dead', 'cancelled'),
      runs: fc.array(someRun, { maxLength: 4 }),
      runAt: someTime,
      finished: someTime,
      hasLogged: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((jobs) =>
    jobs.map(({ runs, runAt, finished, hasLogged, ...job }, at): StoredJob => {
      const ended = runs.map(({ attempt, outcome, ended: endedMs, tookMs }, nth): StoredRun => ({
        fence: nth + 1,
        attempt,
        worker: WORKER,
        startedAt: dateOf(endedMs - tookMs),
        endedAt: dateOf(endedMs),
        outcome,
        error: null,
        log: [],
      }));
      const fence = runs.length + 1;
      const begun = { fence, attempt: 1, worker: WORKER, startedAt: dateOf(runAt), error: null, log: ['begun'] };
      const underWay = { ...begun, endedAt: null, outcome: null };
      return storedJob({
        ...job,
        id: idOf(at),
        runAt: dateOf(runAt),
        fence,
        finishedAt: ['succeeded', 'dead', 'cancelled'].includes(job.state) ? dateOf(finished) : null,
        runs: job.state === 'running' && hasLogged ? [...ended, underWay] : ended,
      });
    }),
  );

const isWithin = (time: Date | null): boolean => time !== null && time.getTime() >= FROM && time.getTime() < TO;
const largest = (numbers: readonly number[]): number | null => (numbers.length ? Math.max(...numbers) : null);

function expectedOf(name: string, all: readonly StoredJob[]): JobRunSummary | null {
  const jobs = all.filter((job) => job.name === name);
  const dead = jobs.filter(({ state, finishedAt }) => state === 'dead' && isWithin(finishedAt)).length;
  const ended = jobs.flatMap((job) => job.runs.filter(({ endedAt }) => isWithin(endedAt)).map((run) => ({ job, run })));
  if (!dead && !ended.length) return null;
  const took = ended.map(({ run }) => run.endedAt!.getTime() - run.startedAt.getTime());
  const delays = ended.flatMap(({ job, run }) =>
    run.attempt === 1 && run.startedAt >= job.runAt ? [run.startedAt.getTime() - job.runAt.getTime()] : [],
  );
  const counts = OUTCOMES.map((outcome) => [outcome, ended.filter(({ run }) => run.outcome === outcome).length]);
  return {
    name,
    ...(Object.fromEntries(counts) as Record<(typeof OUTCOMES)[number], number>),
    dead,
    averageMs: took.length ? expect.closeTo(took.reduce((sum, ms) => sum + ms, 0) / took.length, 3) : null,
    longestMs: largest(took),
    longestDelayMs: largest(delays),
  } as JobRunSummary;
}

/** What is promised of every storage of jobs about its runs in numbers. */
export function describeJobRuns(name: string, open: () => Promise<JobDeskUnderTest>, random: number): void {
  let under: JobDeskUnderTest;
  beforeAll(async () => {
    under = await open();
  });
  beforeEach(() => under.empty());
  afterAll(() => under.close());

  describe(`The runs on ${name}`, () => {
    it('are counted by outcome, with what they took in milliseconds: of each name those that ended within the time', async () => {
      await fc.assert(
        fc.asyncProperty(someJobs, async (jobs) => {
          await under.write(jobs);
          const names = ['alpha.echo', 'alpha.nightly', 'beta.echo'];
          expect(await under.runs.summarize(dateOf(FROM), dateOf(TO))).toEqual(
            names.flatMap((each) => expectedOf(each, jobs) ?? []),
          );
        }),
        { numRuns: random },
      );
    });
  });
}
