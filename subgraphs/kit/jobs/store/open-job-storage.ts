import type { Logger } from 'pino';
import type { JobDesk } from './job-desk.js';
import type { JobRuns } from './job-runs.js';
import type { JobStore } from './job-store.js';
import type { ExaminedMongoJobs } from './mongo/examine-mongo-jobs.js';
import { isMongoUrl } from './mongo/mongo-place.js';
import { postgresJobDesk } from './postgres/postgres-job-desk.js';
import { postgresJobRuns } from './postgres/postgres-job-runs.js';
import { postgresJobStore } from './postgres/postgres-job-store.js';

// Jobs are kept where the URL says: `postgresql://…` of the role that is named, or `mongodb://…`, `mongodb+srv://…`. MongoDB's
// driver takes a fifth of a second of CPU to load: only who keeps jobs there loads it.

/** `url`: of the runner's role. */
export const openJobStore = async (url: string, log: Logger): Promise<JobStore> =>
  isMongoUrl(url) ? (await import('./mongo/mongo-job-store.js')).mongoJobStore(url, log) : postgresJobStore(url, log);

/** `readerUrl`: of the reading role. */
export const openJobDesk = async (readerUrl: string, log: Logger): Promise<JobDesk> =>
  isMongoUrl(readerUrl)
    ? (await import('./mongo/mongo-job-desk.js')).mongoJobDesk(readerUrl, log)
    : postgresJobDesk(readerUrl, log);

/** `readerUrl`: of the reading role. */
export const openJobRuns = async (readerUrl: string): Promise<JobRuns> =>
  isMongoUrl(readerUrl)
    ? (await import('./mongo/mongo-job-runs.js')).mongoJobRuns(readerUrl)
    : postgresJobRuns(readerUrl);

/** Makes the collections of a `mongodb://…` ready. Answers the server's name and version. Throws `MongoUnavailable`. */
export const checkMongoJobs = async (url: string): Promise<string> =>
  (await import('./mongo/check-mongo-jobs.js')).checkMongoJobs(url);

/** Looks at them, and makes none that jobs are kept in. Throws `MongoUnavailable`. */
export const examineMongoJobs = async (url: string): Promise<ExaminedMongoJobs> =>
  (await import('./mongo/examine-mongo-jobs.js')).examineMongoJobs(url);
