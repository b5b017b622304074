import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenJobDatabase } from '../../support/job-database.js';
import { JobFaults } from '../../support/job-faults.js';
import { jobRecord, jobRecords } from '../../support/job-records.js';
import { until } from '../../support/test-stack.js';

/** What holds of workers that are frozen, stopped, wrong about the time, and many. `workers`, `jobs`: of the last. */
export function describeWorkers(
  name: string,
  open: OpenJobDatabase,
  { workers = 50, jobs = 1_000 }: { readonly workers?: number; readonly jobs?: number } = {},
): void {
  describe(`With jobs in ${name}`, () => {
    let faults: JobFaults;
    beforeAll(async () => {
      faults = await JobFaults.open(open);
    });
    afterEach(() => faults.clear());
    afterAll(() => faults.close());

    describe('A worker that is frozen past its lease', () => {
      it('may write nothing when it goes on: its signal aborts, and the effect is that of the one who took over', async () => {
        const frozen = await faults.process();
        const job = jobRecord({ name: 'faults.effect', payload: { ms: 60_000, once: true, stubborn: true } });
        await faults.insert([job]);
        await until('it runs', async () => (await faults.steps('began')).length === 1);
        frozen.signal('SIGSTOP');
        await faults.database.advance({ seconds: 16 });
        await faults.worker();
        await faults.untilEnded();
        frozen.signal('SIGCONT');
        await until('it has tried', async () => (await faults.steps('refused')).length === 1);
        const [{ pid }] = (await faults.database.ledger.sql('select pid from ledger.effects')) as [{ pid: number }];
        expect(pid).toBe(process.pid);
        expect((await faults.steps()).map(({ attempt, pid: by, step }) => [attempt, by === frozen.pid, step])).toEqual([
          [1, true, 'began'],
          [2, false, 'began'],
          [2, false, 'wrote'],
          [1, true, 'aborted'],
          [1, true, 'refused'],
        ]);
        expect((await faults.database.attempts()).map(({ outcome }) => outcome)).toEqual(['lost', 'succeeded']);
        expect(await faults.database.jobs()).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
        // And it works on.
        await faults.insert(jobRecords(20, { name: 'faults.effect', payload: { ms: 50 } }));
        await faults.untilEnded();
        expect(frozen.hasEnded()).toBe(false);
      });
    });

    describe('A worker that is told to stop', () => {
      it('ends with exit code 0: short runs end, long ones are run elsewhere at once and do not count as failures', async () => {
        const stopping = await faults.process({ graceMs: 1_500 });
        const short = jobRecords(2, { name: 'faults.effect', payload: { ms: 500 } });
        const long = jobRecords(2, { name: 'faults.effect', payload: { ms: 60_000, once: true } });
        const waiting = jobRecords(10, { name: 'faults.effect', payload: {} });
        await faults.insert([...long, ...short]);
        await until('they run', async () => (await faults.steps('began')).length === 4);
        await faults.insert(waiting);
        stopping.signal('SIGTERM');
        expect(await stopping.ended).toBe(0);
        expect(stopping.output()).toMatch(/"stopped"/);
        const runs = await faults.steps();
        expect(
          runs
            .filter(({ step }) => step === 'wrote')
            .map(({ job }) => job)
            .toSorted(),
        ).toEqual(short.map(({ id }) => id));
        expect(
          runs
            .filter(({ step }) => step === 'aborted')
            .map(({ job }) => job)
            .toSorted(),
        ).toEqual(long.map(({ id }) => id));
        expect(await faults.database.states()).toEqual({ succeeded: 2, ready: 12 });
        expect((await faults.database.attempts()).map(({ outcome }) => outcome).toSorted()).toEqual([
          'interrupted',
          'interrupted',
          'succeeded',
          'succeeded',
        ]);

        await faults.worker();
        await faults.untilEnded(10_000);
        expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: 14 });
        expect(Math.max(...(await faults.database.jobs()).map(({ attempts }) => attempts))).toBe(1);
      });
    });

    describe('Workers whose own clocks are wrong', () => {
      it('by ten minutes either way run nothing early, steal nothing, and are on time', async () => {
        const skewed = await Promise.all(
          [-600_000, 600_000].map((skewMs) => faults.process({ skewMs, withSchedule: true })),
        );
        await until('both are there', async () => (await faults.database.workers()).length === 2);
        const now = await faults.database.now();
        const long = jobRecords(4, { name: 'faults.effect', payload: { ms: 7_000 } });
        const later = Array.from({ length: 12 }, (_, index) =>
          jobRecord({ name: 'faults.effect', runAt: new Date(now.getTime() + 500 + index * 250).toISOString() }),
        );
        const failing = jobRecords(4, { name: 'faults.second-try' });
        await faults.insert([...long, ...later, ...failing]);
        const ended = async () =>
          (await faults.database.jobs()).filter(({ schedule, state }) => schedule === null && state === 'succeeded')
            .length === 20;
        await until('all have ended', ended, 30_000);
        expect(skewed.map((each) => each.hasEnded())).toEqual([false, false]);
        const began = await faults.steps('began');
        const beginnings = (id: string) => began.filter(({ job }) => job === id);
        for (const { id } of [...long, ...later]) expect(beginnings(id)).toHaveLength(1);
        for (const { id } of failing) expect(beginnings(id)).toHaveLength(2);
        for (const { id, runAt } of later) {
          const lateness = beginnings(id)[0]!.at.getTime() - new Date(runAt!).getTime();
          expect(lateness).toBeGreaterThanOrEqual(0);
          expect(lateness).toBeLessThan(10_000); // two of them may wait for the long ones' places
        }
        const firings = await faults.database.firings();
        expect(firings.length).toBeGreaterThan(3);
        for (const { due, firedAt } of firings) {
          const lateMs = firedAt.getTime() - due.getTime();
          expect(lateMs).toBeGreaterThanOrEqual(0);
          expect(lateMs).toBeLessThan(10_000);
        }
        expect(await faults.steps('refused')).toEqual([]);
      });
    });

    describe(`${workers} workers`, () => {
      it(`run ${jobs.toLocaleString('en')} jobs, each once`, async () => {
        await faults.insert(jobRecords(jobs, { name: 'faults.effect' }));
        const processes = await Promise.all([0, 1].map(() => faults.spareProcess({ workers: workers / 2 })));
        for (const each of processes) each.go();
        await faults.untilEnded(50_000);
        expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: jobs });
        expect(await faults.steps('began')).toHaveLength(jobs);
        for (const each of processes) each.signal('SIGTERM');
        expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0]);
      });
    });
  });
}
