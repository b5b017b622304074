import { connectionOf } from '@inevitable/kit';
import type { SeenJob } from '@inevitable/kit/host';
import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { jobFilterOf } from './job-filter-of.js';
import { jobScopeOf } from './job-scope-of.js';

export const jobs =
  ({ desk }: OperationsSources): NonNullable<QueryResolvers['jobs']> =>
  (_parent, { filter, ...page }, context) => {
    const scope = jobScopeOf(context);
    const narrowed = jobFilterOf(scope, filter);
    return connectionOf<SeenJob>(page, (toRead) => desk.jobs(scope, narrowed, toRead));
  };
