import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JobCable } from '../../support/job-cable.js';
import type { OpenJobDatabase } from '../../support/job-database.js';
import { JobFaults } from '../../support/job-faults.js';
import { jobRecord, jobRecords } from '../../support/job-records.js';
import { readableLog } from '../../support/job-worker.js';
import { until } from '../../support/test-stack.js';

export interface LostConnections {
  /** What the connection is about on which a worker hears what is new (`JobCable`). */
  readonly listener: RegExp;
  /** Of the load under which the database goes away. */
  readonly jobs?: number;
}

/** What holds of workers whose connections to the store break, or swallow what is sent. */
export function describeLostConnections(
  name: string,
  open: OpenJobDatabase,
  { listener, jobs = 600 }: LostConnections,
): void {
  describe(`With jobs in ${name}`, () => {
    let faults: JobFaults;
    let cable: JobCable;
    beforeAll(async () => {
      faults = await JobFaults.open(open);
    });
    beforeEach(async () => {
      cable = await JobCable.to(faults.database.url);
    });
    afterEach(async () => {
      await faults.clear();
      cable.close();
    });
    afterAll(() => faults.close());

    describe('A worker that hears nothing any more', () => {
      it.each([
        ['because its connection was ended', () => cable.cut(listener)],
        ['because its connection is half-open', () => cable.swallow(listener)],
      ] as const)('%s finds its jobs all the same, says so once, and hears again', async (_why, lose) => {
        const { log, lines } = readableLog();
        const worker = await faults.worker({ url: cable.url, log });
        await until('it hears', () => Promise.resolve(worker.runner.listening === 'connected'));
        await until('it listens', () => (lose(), true));
        const began = performance.now();
        for (let number = 1; number <= 3; number += 1) {
          await faults.insert([jobRecord({ name: 'faults.effect' })]);
          await until('it has run', async () => (await faults.steps('wrote')).length === number, 5_000);
        }
        expect(performance.now() - began).toBeLessThan(9_000);
        const said = (text: string) => lines().filter(({ msg }) => msg.includes(text)).length;
        await until('it hears again', () => Promise.resolve(said('job notifications are heard again') === 1), 25_000);
        expect(worker.runner.listening).toBe('connected');
        expect(said('job notifications broke')).toBe(1);
        expect(lines().filter(({ level }) => level >= 40)).toHaveLength(1);
        expect(worker.runner.trouble).toBeNull();
      });
    });

    describe('A worker whose database is away under load', () => {
      it.each([
        ['broken connections', (): void => cable.cut()],
        ['connections that swallow everything', (): void => cable.swallow()],
      ] as const)('with %s loses no job, and goes on by itself', async (_how, goAway) => {
        const { log, lines } = readableLog();
        const worker = await faults.worker({ url: cable.url, log });
        const records = jobRecords(jobs, { name: 'faults.effect', payload: { ms: 20 } });
        await faults.insert(records);
        await until('it works', async () => (await faults.steps('wrote')).length > jobs / 12);
        goAway();
        await until('it says that it is in trouble', () => Promise.resolve(worker.runner.trouble !== null), 20_000);
        expect(await worker.health()).toMatchObject({ name: 'worker', ready: false });
        cable.mend();
        await faults.untilEnded();
        expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: jobs });
        expect(worker.runner.trouble).toBeNull();
        expect(worker.runner.running).toBe(0);
        expect(lines().filter(({ msg }) => msg.includes('jobs cannot be claimed'))).toHaveLength(1);
        // What it did not hear the end of is what was on its way when the cable broke, and no more.
        const again = (await faults.steps('began')).filter(({ attempt }) => attempt > 1);
        expect(again.length).toBeLessThanOrEqual(8);
      });

      it('keeps what a run says meanwhile, and shows it later', async () => {
        const worker = await faults.worker({ url: cable.url });
        const job = jobRecord({ name: 'faults.talks', payload: { ms: 4_000 } });
        await faults.insert([job]);
        await until('it runs', async () => (await faults.steps('began')).length === 1);
        cable.cut();
        await until('it has said more', async () => (await faults.steps('wrote')).length === 1);
        cable.mend();
        await faults.untilEnded();
        expect((await faults.database.attempts()).flatMap(({ log }) => log)).toEqual([
          'line 1',
          'line 2',
          'line 3',
          'line 4',
        ]);
        expect(worker.runner.lostLeases).toBe(0);
      });

      it('and that is told to stop then ends with exit code 0', async () => {
        const stopping = await faults.process({ url: cable.url, graceMs: 200 });
        await faults.insert(jobRecords(3, { name: 'faults.effect', payload: { ms: 60_000, once: true } }));
        await until('they run', async () => (await faults.steps('began')).length === 3);
        cable.cut();
        stopping.signal('SIGTERM');
        expect(await stopping.ended).toBe(0);
        expect(stopping.output()).toMatch(/"stopped"/);
        await faults.database.advance({ seconds: 16 });
        await faults.worker();
        await faults.untilEnded();
        expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: 3 });
      });
    });
  });
}
