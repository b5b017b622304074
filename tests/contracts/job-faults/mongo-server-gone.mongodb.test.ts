import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
// @ts-expect-error -- plain JavaScript
import { startMongoServer } from '../../../scripts/prepare/mongo-server.js';
import { JobFaults } from '../../support/job-faults.js';
import { jobRecords } from '../../support/job-records.js';
import { readableLog } from '../../support/job-worker.js';
import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { until } from '../../support/test-stack.js';

const JOBS = 120;
const MINUTE_MS = 60_000;

// Never that of MONGODB_URI: it is killed. Where none of its own can be had, this fails in words.
let server: Awaited<ReturnType<typeof startMongoServer>>;
let faults: JobFaults;
beforeAll(async () => {
  server = await startMongoServer({ uri: '' });
  faults = await JobFaults.open(() => openMongoJobDatabase(server.url));
});
afterEach(() => faults.clear());
afterAll(async () => {
  await faults.close();
  await server.stop();
});

describe('A MongoDB that is gone for a minute under load', () => {
  it(
    'crashes no worker and loses no job, and workers go on by themselves when it is back',
    async () => {
      const { log, lines } = readableLog();
      const worker = await faults.worker({ log });
      const process = await faults.process();
      await faults.insert(jobRecords(JOBS, { name: 'faults.effect', payload: { ms: 20 } }));
      await until('they work', async () => (await faults.steps('wrote')).length > JOBS / 12);
      await server.kill!();
      const goneAt = performance.now();
      await until('it says that it is in trouble', () => worker.runner.trouble !== null, MINUTE_MS);
      expect(await worker.health()).toMatchObject({ name: 'worker', ready: false });
      // A lease and every timeout of the driver are over by then, and no clock of a test can move a server that is not there.
      await until('a minute is over', () => performance.now() - goneAt > MINUTE_MS, 2 * MINUTE_MS);
      await server.startAgain!();
      await faults.untilEnded(MINUTE_MS);
      expect(await faults.account()).toEqual({ notSucceeded: 0, withoutEffect: 0, effects: JOBS });
      expect(await faults.steps('refused')).toEqual([]);
      await until('it is well again', () => worker.runner.trouble === null);
      expect(worker.runner.running).toBe(0);
      expect(await worker.health()).toMatchObject({ ready: true });
      expect(lines().filter(({ msg }) => msg.includes('jobs cannot be claimed'))).toHaveLength(1);
      // What they had begun and could not end was begun again, and no more.
      const again = (await faults.steps('began')).filter(({ attempt }) => attempt > 1);
      expect(again.length).toBeLessThanOrEqual(16);
      expect(process.hasEnded()).toBe(false);
      process.signal('SIGTERM');
      expect(await process.ended).toBe(0);
    },
    5 * MINUTE_MS,
  );
});
