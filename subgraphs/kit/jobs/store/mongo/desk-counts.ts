import type { Filter } from 'mongodb';
import { COUNTED_STATES, type JobCount } from '../job-counts.js';
import type { JobScope } from '../job-desk.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { namesInScope, within } from './scope.js';

/** Open and dead jobs in the scope. Names are in front of states in the index of a tenant's jobs: so they are said. */
export async function readCounts(db: MongoJobs, scope: JobScope): Promise<JobCount[]> {
  const state = { $in: [...COUNTED_STATES] };
  const filter: Filter<JobDocument> =
    scope.kind === 'all' ? { state } : { name: { $in: [...(await namesInScope(db, scope))] }, state };
  const counts = await db.jobs
    .aggregate<{ readonly _id: Omit<JobCount, 'count'>; readonly count: number }>([
      { $match: within(scope, filter) },
      { $group: { _id: { name: '$name', state: '$state' }, count: { $sum: 1 } } },
    ])
    .toArray();
  return counts.map(({ _id: { name, state: counted }, count }) => ({ name, state: counted, count }));
}
