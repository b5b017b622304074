import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { JobFaults } from '../support/job-faults.js';
import { describeKills } from '../support/job-kills.js';
import { jobRecord, jobRecords, tenant } from '../support/job-records.js';
import { openPostgresJobDatabase } from '../support/postgres-job-database.js';
import { until } from '../support/test-stack.js';

const MINUTE_MS = 60_000;

let faults: JobFaults;
beforeAll(async () => {
  faults = await JobFaults.open(openPostgresJobDatabase);
});
afterEach(() => faults.clear());
afterAll(() => faults.close());

describeKills(openPostgresJobDatabase, { sides: () => ['before', 'sent', 'after'], withinMs: 10 * MINUTE_MS });

describe('Fifty workers', () => {
  it(
    'run 10,000 jobs, each once, while two of three processes are killed again and again',
    async () => {
      const records = jobRecords(10_000, { name: 'faults.effect' });
      await faults.insert(records);
      await faults.process({ workers: 16 });
      let kills = 0;
      while (!(await faults.hasEnded()) && kills < 40) {
        const doomed = await Promise.all([faults.process({ workers: 17 }), faults.process({ workers: 17 })]);
        const before = (await faults.steps('wrote')).length;
        await until(
          'they work',
          async () => (await faults.hasEnded()) || (await faults.steps('wrote')).length > before + 250,
        );
        for (const each of doomed) each.signal('SIGKILL');
        await Promise.all(doomed.map(({ ended }) => ended));
        kills += 1;
      }
      // No clock is moved: what the dead ones held is free after its real lease.
      await faults.untilEnded(2 * MINUTE_MS);
      expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: 10_000 });
      expect(await faults.steps('refused')).toEqual([]);
      // Only what a killed process had begun was begun again.
      const again = (await faults.steps('began')).filter(({ attempt }) => attempt > 1);
      expect(again.length).toBeLessThanOrEqual(kills * 34 * 4);
    },
    8 * MINUTE_MS,
  );
});

describe('A worker that is frozen for longer than its lease', () => {
  it(
    'knows by itself that it has lost its jobs, and writes nothing',
    async () => {
      const frozen = await faults.process();
      await faults.insert(
        jobRecords(4, { name: 'faults.effect', payload: { ms: 5 * MINUTE_MS, once: true, stubborn: true } }),
      );
      await until('they run', async () => (await faults.steps('began')).length === 4);
      frozen.signal('SIGSTOP');
      await faults.worker();
      await faults.untilEnded(40_000);
      frozen.signal('SIGCONT');
      await until('it has tried', async () => (await faults.steps('refused')).length === 4);
      expect((await faults.steps('wrote')).map(({ pid }) => pid)).toEqual([1, 2, 3, 4].map(() => process.pid));
      expect(await faults.steps('aborted')).toHaveLength(4);
      expect(await faults.database.states()).toEqual({ succeeded: 4 });
      await faults.insert(jobRecords(50, { name: 'faults.effect' }));
      await faults.untilEnded();
    },
    3 * MINUTE_MS,
  );
});

describe('A job of another tenant behind 10,000 of one', () => {
  it(
    'begins within a second, each time',
    async () => {
      await faults.insert(jobRecords(10_000, { name: 'faults.effect', tenantId: tenant(1), payload: { ms: 5 } }));
      await faults.worker();
      await until('the flood runs', async () => (await faults.steps('began')).length > 20);
      const delays: number[] = [];
      for (let number = 0; number < 100; number += 1) {
        const quiet = jobRecord({ name: 'faults.effect', tenantId: tenant(2) });
        await faults.insert([quiet]);
        const begun = async () => (await faults.database.job(quiet.id)).startedAt;
        await until('it has begun', async () => (await begun()) !== null, 10_000);
        const { startedAt, runAt } = await faults.database.job(quiet.id);
        delays.push(startedAt!.getTime() - runAt.getTime());
      }
      delays.sort((a, b) => a - b);
      expect((await faults.database.states())['ready']).toBeGreaterThan(0);
      expect(delays[98]).toBeLessThan(1_000);
    },
    3 * MINUTE_MS,
  );
});
