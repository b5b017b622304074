import type { Logger } from 'pino';
import { JobWatchers } from '../job-desk-watch.js';
import type { JobDesk } from '../job-desk.js';
import { retryManyDead } from '../retry-many-dead.js';
import { openChangeLine } from './desk-changes.js';
import { readDefinitions } from './desk-definitions.js';
import { watchHealth } from './desk-health.js';
import { readAttempts, readDependencies, readJobs } from './desk-jobs.js';
import { readOverview } from './desk-overview.js';
import { readPage } from './desk-pages.js';
import { openMongoJobs } from './mongo-jobs-database.js';
import { pauseSchedule, resumeSchedule } from './schedules.js';
import { cancelJob, retryDead, retryJob, runJob } from './steer-jobs.js';

/** The desk on MongoDB: what a scope sees is decided in scope.ts. */
export function mongoJobDesk(url: string, log: Logger): JobDesk {
  const db = openMongoJobs(url);
  const watchers = new JobWatchers((heard) => openChangeLine(db, heard, log));
  const health = watchHealth(db);
  return {
    overview: () => readOverview(db),
    jobs: (scope, filter, page) => readPage(db, scope, filter, page),
    job: async (scope, id) => (await readJobs(db, scope, { _id: id }))[0] ?? null,
    attempts: (scope, jobIds) => readAttempts(db, scope, jobIds),
    dependencies: (scope, jobIds) => readDependencies(db, scope, jobIds),
    definitions: (scope, only) => readDefinitions(db, scope, only),
    retry: (scope, id) => retryJob(db, scope, id),
    retryDead: (scope, name) => retryManyDead((afterId, most) => retryDead(db, scope, name, afterId, most)),
    cancel: (scope, id) => cancelJob(db, scope, id),
    run: (scope, job) => runJob(db, scope, job),
    // A schedule is of no tenant: it makes jobs for all of them.
    pause: async (scope, name) => scope.kind === 'all' && (await pauseSchedule(db, name)),
    resume: async (scope, name) => scope.kind === 'all' && (await resumeSchedule(db, name)),
    watch: (scope, options) => watchers.watch(scope, options),
    health,
    async close() {
      await watchers.close();
      await db.close();
    },
  };
}
