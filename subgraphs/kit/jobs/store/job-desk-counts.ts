import { OPEN_STATES, type JobCounts } from './job-desk-rows.js';
import type { AskInScope, JobScope } from './job-desk-scope.js';

/** Jobs of one name in one state. */
export interface JobCount {
  readonly name: string;
  readonly state: keyof JobCounts;
  readonly count: number;
}

export const COUNTED_STATES: readonly (keyof JobCounts)[] = [...OPEN_STATES, 'dead'];

const COUNTS = `select name, state, count(*)::int as count from jobs where state = any ($1) group by name, state`;
const COUNTS_OF_TENANT = `select name, state, count(*)::int as count from jobs
  where tenant_key = $2 and name in (select * from job_names($2)) and state = any ($1) group by name, state`;

/** Open and dead jobs in the scope. */
export const readCounts = (ask: AskInScope, scope: JobScope): Promise<JobCount[]> =>
  scope.kind === 'all'
    ? ask<JobCount>(COUNTS, [COUNTED_STATES])
    : ask<JobCount>(COUNTS_OF_TENANT, [COUNTED_STATES, scope.tenantId]);
