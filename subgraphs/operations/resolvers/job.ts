import { isUuid, NotFound } from '@inevitable/kit';
import type { JobDesk, JobScope, SeenJob } from '@inevitable/kit/host';
import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { jobScopeOf } from './job-scope-of.js';

export const job =
  ({ desk }: OperationsSources): NonNullable<QueryResolvers['job']> =>
  (_parent, { id }, context) =>
    findJob(desk, jobScopeOf(context), id);

/** Throws `NotFound` for what does not exist, is not in the scope, or is no id. */
export async function findJob(desk: JobDesk, scope: JobScope, id: string): Promise<SeenJob> {
  const found = isUuid(id) ? await desk.job(scope, id) : null;
  if (!found) throw new NotFound('job');
  return found;
}
