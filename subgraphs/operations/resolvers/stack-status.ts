import { requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';

export const stackStatus =
  ({ health, jobs, events }: OperationsSources): NonNullable<QueryResolvers['stackStatus']> =>
  async (_parent, _args, context) => {
    requirePlatformAdmin(context);
    const [report, overview] = await Promise.all([health(), jobs()]);
    return {
      ready: report.status === 'ready',
      parts: [...report.parts],
      jobs: overview,
      events: [...events],
      checkedAt: new Date(),
    };
  };
