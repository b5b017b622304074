import { Conflict, isUuid, NotFound, userOf } from '@inevitable/kit';
import type { MutationResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { findJob } from './job.js';
import { jobScopeOf } from './job-scope-of.js';

export const retryJob =
  ({ desk }: OperationsSources): NonNullable<MutationResolvers['retryJob']> =>
  async (_parent, { input: { id } }, context) => {
    const scope = jobScopeOf(context);
    const outcome = isUuid(id) ? await desk.retry(scope, id) : 'not found';
    switch (outcome) {
      case 'retried':
        context.log.info({ job: id, by: userOf(context.caller) }, 'a job is run again by hand');
        return findJob(desk, scope, id);
      case 'not found':
        throw new NotFound('job');
      case 'not ended':
        throw new Conflict('Only a dead or cancelled job can be run again.');
      case 'taken':
        throw new Conflict('Another job with the same key waits or runs.');
    }
  };
