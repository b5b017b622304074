import { userOf } from '@inevitable/kit';
import type { MutationResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { jobScopeOf } from './job-scope-of.js';
import { nameAskedFor } from './name-asked-for.js';

export const retryDeadJobs =
  ({ desk }: OperationsSources): NonNullable<MutationResolvers['retryDeadJobs']> =>
  async (_parent, { input }, context) => {
    const name = nameAskedFor(input.name, 'input.name');
    const retried = await desk.retryDead(jobScopeOf(context), name);
    if (retried)
      context.log.info({ definition: name, retried, by: userOf(context.caller) }, 'dead jobs are run again by hand');
    return { retried };
  };
