import type { JobScope } from '../job-desk.js';
import { seenDefinition, type StoredDefinition } from '../seen-definition.js';
import type { SeenDefinition } from '../seen-jobs.js';
import { LIVE_WORKERS } from './job-columns.js';
import { readCounts } from './job-desk-counts.js';
import type { AskInScope } from './job-desk-scope.js';

const DEFINITIONS = `
  select d.name, d.product, d.declared, s.name is not null as "isScheduled", s.cron, s.timezone, s.next_due as "nextDue",
    s.last_due as "lastDue", s.missed::float8 as missed, s.paused_at as "pausedAt",
    (select count(*)::int from (${LIVE_WORKERS}) live where d.name = any (live.names)) as workers
  from definitions d left join schedules s on s.name = d.name
  where ($1::text[] is null or d.product = any ($1)) and ($2::text is null or d.name = $2) and ($3::text is null or d.product = $3)
  order by d.name`;

/** Definitions of the products in the scope, by name, with the jobs of each that the scope holds. */
export async function readDefinitions(
  ask: AskInScope,
  scope: JobScope,
  { name = null, product = null }: { readonly name?: string | null; readonly product?: string | null } = {},
): Promise<SeenDefinition[]> {
  const products = scope.kind === 'all' ? null : scope.products;
  const found = await ask<StoredDefinition>(DEFINITIONS, [products, name, product]);
  const counts = await readCounts(ask, scope);
  return found.map((row) => seenDefinition(row, counts));
}
