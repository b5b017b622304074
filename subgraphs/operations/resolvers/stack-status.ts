import { requirePlatformAdmin } from '@inevitable/kit';
import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';

export const stackStatus =
  ({ health, desk, events }: OperationsSources): NonNullable<QueryResolvers['stackStatus']> =>
  async (_parent, _args, context) => {
    requirePlatformAdmin(context);
    const [report, overview] = await Promise.all([health(), desk.overview()]);
    return {
      ready: report.status === 'ready',
      parts: [...report.parts],
      jobs: overview,
      events: [...events],
      checkedAt: new Date(),
    };
  };
