import type { DescribedJob } from '../runner/describe-definition.js';
import { COUNTED_STATES, type JobCount } from './job-counts.js';
import type { JobCounts, SeenDefinition, SeenSchedule } from './seen-jobs.js';

/** A definition beside its schedule, as a store has them. */
export interface StoredDefinition {
  readonly name: string;
  readonly product: string;
  readonly declared: DescribedJob;
  readonly isScheduled: boolean;
  readonly cron: string;
  readonly timezone: string;
  readonly nextDue: Date | null;
  readonly lastDue: Date | null;
  readonly missed: number;
  readonly pausedAt: Date | null;
  readonly workers: number;
}

/** With the jobs of it that `allCounts` has. */
export function seenDefinition(
  { name, product, declared, isScheduled, workers, ...state }: StoredDefinition,
  allCounts: readonly JobCount[],
): SeenDefinition {
  const counted = allCounts.filter((count) => count.name === name);
  const { schedule: declaredSchedule, payload: payloadSchema, ...described } = declared;
  const { cron, timezone, nextDue, lastDue, missed, pausedAt } = state;
  const schedule: SeenSchedule | null =
    declaredSchedule && isScheduled
      ? { ...declaredSchedule, cron, timezone, nextDue, lastDue, missed, pausedAt }
      : null;
  const counts = Object.fromEntries(
    COUNTED_STATES.map((state) => [state, counted.find((count) => count.state === state)?.count ?? 0]),
  ) as unknown as JobCounts;
  return { name, product, ...described, schedule, counts, workers, payloadSchema };
}
