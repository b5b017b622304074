import type { DescribedJob } from '../runner/describe-definition.js';
import { COUNTED_STATES, readCounts, type JobCount } from './job-desk-counts.js';
import { LIVE_WORKERS, type JobCounts, type SeenDefinition, type SeenSchedule } from './job-desk-rows.js';
import type { AskInScope, JobScope } from './job-desk-scope.js';

const DEFINITIONS = `
  select d.name, d.product, d.declared, s.name is not null as "isScheduled", s.cron, s.timezone, s.next_due as "nextDue",
    s.last_due as "lastDue", s.missed::float8 as missed, s.paused_at as "pausedAt",
    (select count(*)::int from (${LIVE_WORKERS}) live where d.name = any (live.names)) as workers
  from definitions d left join schedules s on s.name = d.name
  where ($1::text[] is null or d.product = any ($1)) and ($2::text is null or d.name = $2) and ($3::text is null or d.product = $3)
  order by d.name`;

interface DefinitionRow {
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

/** Definitions of the products in the scope, by name, with the jobs of each that the scope holds. */
export async function readDefinitions(
  ask: AskInScope,
  scope: JobScope,
  { name = null, product = null }: { readonly name?: string | null; readonly product?: string | null } = {},
): Promise<SeenDefinition[]> {
  const products = scope.kind === 'all' ? null : scope.products;
  const found = await ask<DefinitionRow>(DEFINITIONS, [products, name, product]);
  const counts = await readCounts(ask, scope);
  return found.map((row) => definitionOf(row, counts));
}

function definitionOf(
  { name, product, declared, isScheduled, workers, ...state }: DefinitionRow,
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
