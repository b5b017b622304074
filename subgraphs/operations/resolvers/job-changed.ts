import type { ProductContext } from '@inevitable/kit';
import type { JobChange, JobFilter } from '@inevitable/kit/host';
import type { SubscriptionResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { jobFilterOf } from './job-filter-of.js';
import { jobScopeOf } from './job-scope-of.js';

/** What is heard is an id; each time the job is read anew, in the scope of whoever listens. */
export const jobChanged = ({ desk }: OperationsSources): NonNullable<SubscriptionResolvers['jobChanged']> => ({
  subscribe(_parent, { filter }, context) {
    const scope = jobScopeOf(context);
    const { id, ...narrowing } = filter ?? {};
    const narrowed = jobFilterOf(scope, narrowing);
    return desk.watch(scope, {
      signal: context.signal,
      filter: (change) => (id == null || change.id === id) && fits(narrowed, change),
    }) as never; // codegen has it that a payload is { jobChanged }; `resolve` below makes it of the change
  },
  resolve: ({ id }: JobChange, _args: unknown, context: ProductContext) => desk.job(jobScopeOf(context), id),
});

const fits = ({ states, product, name, tenantId }: JobFilter, change: JobChange): boolean =>
  (!states || states.includes(change.state)) &&
  (product === undefined || change.name.startsWith(`${product}.`)) &&
  (name === undefined || change.name === name) &&
  (tenantId === undefined || change.tenantId === tenantId);
