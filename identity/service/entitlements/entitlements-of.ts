import { createHash } from 'node:crypto';
import type { Entitlements, Feature } from '@inevitable/contract';

export type FeatureRows = readonly (readonly [name: string, definition: Feature])[];

/** SQL for the features of the tenant `t`, ordered by code point whatever the database's collation. */
export const FEATURES_OF_TENANT = `
  (select coalesce(json_agg(json_build_array(f.feature, f.definition) order by f.feature collate "C"), '[]')
   from plan_features f where f.plan = t.plan)`;

/**
 * What a tenant may use. Equal entitlements have an equal digest in every process: the rows come in one order, and
 * jsonb keeps one order of keys.
 */
export function entitlementsOf(plan: string, features: FeatureRows): Entitlements {
  const digest = createHash('sha256')
    .update(JSON.stringify([plan, features]))
    .digest('base64url')
    .slice(0, 22);
  return { plan, digest, features: Object.fromEntries(features) };
}
