import { NotFound, requirePlatformAdmin, userOf, type ProductContext } from '@inevitable/kit';
import type { JobScope, SeenDefinition } from '@inevitable/kit/host';
import type { MutationResolvers } from '../generated/resolvers.js';
import type { OperationsSources } from '../subgraph.js';
import { nameAskedFor } from './name-asked-for.js';

const ALL: JobScope = { kind: 'all' };

export const pauseSchedule =
  (sources: OperationsSources): NonNullable<MutationResolvers['pauseSchedule']> =>
  (_parent, { input }, context) =>
    steer(sources, 'pause', input.name, context);

export const resumeSchedule =
  (sources: OperationsSources): NonNullable<MutationResolvers['resumeSchedule']> =>
  (_parent, { input }, context) =>
    steer(sources, 'resume', input.name, context);

/** A schedule makes jobs of every tenant, so no tenant's administrator stops it. */
async function steer(
  { desk }: OperationsSources,
  change: 'pause' | 'resume',
  given: string,
  context: ProductContext,
): Promise<SeenDefinition> {
  requirePlatformAdmin(context);
  const name = nameAskedFor(given, 'input.name');
  if (!(await desk[change](ALL, name))) throw new NotFound('schedule');
  context.log.info({ schedule: name, change, by: userOf(context.caller) }, 'a schedule was steered by hand');
  const [definition] = await desk.definitions(ALL, { name });
  return definition!;
}
