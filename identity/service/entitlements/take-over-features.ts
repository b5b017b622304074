import type { Feature } from '@inevitable/contract';
import type { Logger } from '../flows/flow-deps.js';
import type { SystemDatabase } from '../store/system-database.js';
import { endStaleTokens } from './end-stale-tokens.js';

/** By feature, then by plan: what products declare that plans include of them. */
export type DeclaredFeatures = Readonly<Record<string, Readonly<Record<string, Feature>>>>;

/** In one order for everybody: of two starts at once the second waits for the first, and none deadlocks. */
const TAKE_OVER = `
  insert into plan_features (plan, feature, definition)
  select p.name, d.feature, d.definition
  from jsonb_to_recordset($1::jsonb) as d (plan text, feature text, definition jsonb) join plans p on p.name = d.plan
  order by d.feature, p.name
  on conflict (plan, feature) do nothing
  returning plan`;

/**
 * Gives the plans what products declare and they do not have yet; what operators changed there stays. Where that changes
 * what a tenant may use, its tokens state entitlements of before: they end with it, and the next ones state the new.
 */
export async function takeOverFeatures(db: SystemDatabase, declared: DeclaredFeatures, log: Logger): Promise<void> {
  const features = Object.entries(declared).flatMap(([feature, plans]) =>
    Object.entries(plans).map(([plan, definition]) => ({ plan, feature, definition })),
  );
  if (features.length === 0) return;
  await warnOfUnknownPlans(db, features, log);
  await db.transaction(async (rows) => {
    const added = await rows<{ plan: string }>(TAKE_OVER, [JSON.stringify(features)]);
    if (added.length === 0) return;
    const affected = await rows<{ id: string }>('select id from tenants where plan = any($1)', [
      added.map(({ plan }) => plan),
    ]);
    await endStaleTokens(
      rows,
      affected.map(({ id }) => id),
    );
  });
}

async function warnOfUnknownPlans(
  { rows }: SystemDatabase,
  features: readonly { readonly plan: string; readonly feature: string }[],
  log: Logger,
): Promise<void> {
  const known = new Set((await rows<{ name: string }>('select name from plans')).map(({ name }) => name));
  for (const { plan, feature } of features)
    if (!known.has(plan))
      log.warn({ plan, feature }, `There is no plan "${plan}": what it includes of "${feature}" is ignored.`);
}
