import type { JobRecord } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { ClaimedJob, ClaimRequest, JobStore } from '../job-store.js';
import { claimJobs } from './claim-jobs.js';
import { countTenant, eraseTenant } from './erase-tenant.js';
import { insertJobs } from './insert-jobs.js';
import type { WakeDocument } from './job-documents.js';
import { jobDepths } from './job-depths.js';
import { lookAtJobs } from './look.js';
import { openMongoJobs } from './mongo-jobs-database.js';
import { purgeJobs } from './purge-jobs.js';
import { endRuns, releaseJobs, releaseOthers, renewLeases } from './run-writes.js';
import { declareDefinitions, fireSchedule } from './schedules.js';
import { tail } from './telling.js';
import { declareWorker, leave, seen } from './workers.js';

/** The store in MongoDB, by what a server has without replication too: how it does without transactions, `job-documents.ts` says. */
export function mongoJobStore(url: string, log: Logger): JobStore {
  const db = openMongoJobs(url);
  const insert = (records: readonly JobRecord[]) => insertJobs(db, records);
  let claiming: Promise<unknown> = Promise.resolve();

  return {
    insert: async (records) => void (await insert(records)),
    async declare(worker, definitions) {
      await declareDefinitions(db, definitions);
      await declareWorker(
        db,
        worker,
        definitions.map(({ name }) => name),
      );
    },
    leave: (worker) => leave(db, worker),
    look: () => lookAtJobs(db),
    claim(request: ClaimRequest) {
      // Of one process one after the other: at once, all but one of them would have to look again.
      const claimed: Promise<readonly ClaimedJob[]> = claiming.then(() => claimJobs(db, request));
      claiming = claimed.catch(() => undefined);
      return claimed;
    },
    async renew(worker, leaseMs, held) {
      const [still] = await Promise.all([renewLeases(db, leaseMs, held), seen(db, worker)]);
      return still;
    },
    release: (jobs) => releaseJobs(db, jobs),
    releaseOthers: (worker, knownFences) => releaseOthers(db, worker, knownFences),
    end: (runs) => endRuns(db, runs),
    fire: (firing) => fireSchedule(db, firing, insert),
    purge: (keepMs, most) => purgeJobs(db, keepMs, most),
    eraseTenant: (product, tenantId, most) => eraseTenant(db, product, tenantId, most),
    countTenant: (product, tenantId) => countTenant(db, product, tenantId),
    depths: () => jobDepths(db),
    watch: (woken) =>
      tail<WakeDocument>(
        db,
        db.wakes,
        (wakes) => {
          const names = wakes?.map((wake) => wake.names) ?? [null];
          woken(names.includes(null) ? null : [...new Set(names.flat() as string[])]);
        },
        { what: 'job notifications', log },
      ),
    close: () => db.close(),
  };
}
