import type { Logger } from 'pino';
import type { JobDesk } from './job-desk.js';
import type { JobRuns } from './job-runs.js';
import type { JobStore } from './job-store.js';
import { isMongoUrl } from './mongo/mongo-jobs-database.js';
import { mongoJobDesk } from './mongo/mongo-job-desk.js';
import { mongoJobRuns } from './mongo/mongo-job-runs.js';
import { mongoJobStore } from './mongo/mongo-job-store.js';
import { postgresJobDesk } from './postgres/postgres-job-desk.js';
import { postgresJobRuns } from './postgres/postgres-job-runs.js';
import { postgresJobStore } from './postgres/postgres-job-store.js';

// Jobs are kept where the URL says: `postgresql://…` of the role that is named, or `mongodb://…`, `mongodb+srv://…`.

/** `url`: of the runner's role. */
export const openJobStore = (url: string, log: Logger): JobStore =>
  isMongoUrl(url) ? mongoJobStore(url, log) : postgresJobStore(url, log);

/** `readerUrl`: of the reading role. */
export const openJobDesk = (readerUrl: string, log: Logger): JobDesk =>
  isMongoUrl(readerUrl) ? mongoJobDesk(readerUrl, log) : postgresJobDesk(readerUrl, log);

/** `readerUrl`: of the reading role. */
export const openJobRuns = (readerUrl: string): JobRuns =>
  isMongoUrl(readerUrl) ? mongoJobRuns(readerUrl) : postgresJobRuns(readerUrl);
