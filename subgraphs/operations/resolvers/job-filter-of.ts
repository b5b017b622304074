import type { JobFilter, JobScope, JobState } from '@inevitable/kit/host';
import type { JobFilter as GivenFilter, JobState as GivenState } from '../generated/resolvers.js';
import { tenantAskedFor } from './job-scope-of.js';
import { nameAskedFor } from './name-asked-for.js';

type Given = Partial<{ readonly [Key in keyof GivenFilter]: GivenFilter[Key] }>;

/** The filter of a list or a subscription as the desk takes it. Throws `Forbidden` and `BadUserInput`. */
export function jobFilterOf(scope: JobScope, given: Given | null | undefined): JobFilter {
  if (!given) return {};
  const states = given.states && statesOf(given.states);
  const product = nameAskedFor(given.product, 'filter.product');
  const name = nameAskedFor(given.name, 'filter.name');
  const schedule = nameAskedFor(given.schedule, 'filter.schedule');
  const tenantId = tenantAskedFor(scope, given.tenantId, 'filter.tenantId');
  return {
    ...(states && { states }),
    ...(product !== undefined && { product }),
    ...(name !== undefined && { name }),
    ...(schedule !== undefined && { schedule }),
    ...(tenantId !== undefined && { tenantId }),
  };
}

/** Each once: a state that is given twice would be shown twice. */
const statesOf = (given: readonly GivenState[]): JobState[] =>
  [...new Set(given)].map((state) => state.toLowerCase() as JobState);
