import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { jobScopeOf } from './job-scope-of.js';
import { nameAskedFor } from './name-asked-for.js';

export const jobDefinitions =
  ({ desk }: OperationsSources): NonNullable<QueryResolvers['jobDefinitions']> =>
  async (_parent, args, context) => {
    const product = nameAskedFor(args.product, 'product');
    return [...(await desk.definitions(jobScopeOf(context), product === undefined ? {} : { product }))];
  };
