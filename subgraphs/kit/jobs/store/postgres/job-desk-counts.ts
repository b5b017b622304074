import type { JobScope } from '../job-desk.js';
import { COUNTED_STATES, type JobCount } from '../job-counts.js';
import type { AskInScope } from './job-desk-scope.js';

const COUNTS = `select name, state, count(*)::int as count from jobs where state = any ($1) group by name, state`;
const COUNTS_OF_TENANT = `select name, state, count(*)::int as count from jobs
  where tenant_key = $2 and name in (select * from job_names($2)) and state = any ($1) group by name, state`;

/** Open and dead jobs in the scope. */
export const readCounts = (ask: AskInScope, scope: JobScope): Promise<JobCount[]> =>
  scope.kind === 'all'
    ? ask<JobCount>(COUNTS, [COUNTED_STATES])
    : ask<JobCount>(COUNTS_OF_TENANT, [COUNTED_STATES, scope.tenantId]);
