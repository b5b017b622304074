import type { PartHealth } from '@inevitable/contract';
import { requirePlatformAdmin, type DeclaredEvent } from '@inevitable/kit';
import type { DeskOverview } from '@inevitable/kit/host';
import type { QueryResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';

/** The status as it was found; its traffic is read where it is asked for. */
export interface StackStatusRead {
  readonly ready: boolean;
  readonly parts: PartHealth[];
  readonly jobs: DeskOverview;
  readonly events: DeclaredEvent[];
  readonly checkedAt: Date;
}

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
