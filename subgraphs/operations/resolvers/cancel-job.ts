import { Conflict, isUuid, NotFound, userOf } from '@inevitable/kit';
import type { MutationResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { findJob } from './job.js';
import { jobScopeOf } from './job-scope-of.js';

export const cancelJob =
  ({ desk }: OperationsSources): NonNullable<MutationResolvers['cancelJob']> =>
  async (_parent, { input: { id } }, context) => {
    const scope = jobScopeOf(context);
    const outcome = isUuid(id) ? await desk.cancel(scope, id) : 'not found';
    switch (outcome) {
      case 'cancelled':
        context.log.info({ job: id, by: userOf(context.caller) }, 'a job was cancelled by hand');
        return findJob(desk, scope, id);
      case 'not found':
        throw new NotFound('job');
      case 'ended':
        throw new Conflict('It has ended already.');
    }
  };
