import { createHash } from 'node:crypto';
import type { Entitlements, Feature } from '@inevitable/contract';
import { HOLDS } from './definition-of.js';

export type FeatureRows = readonly (readonly [name: string, definition: Feature])[];

/** SQL for the features of the tenant `t`, its overrides included, ordered by code point whatever the database's collation. */
export const FEATURES_OF_TENANT = `
  (select coalesce(json_agg(json_build_array(feature, definition) order by feature collate "C"), '[]')
   from (
     select feature, coalesce(o.definition, f.definition) as definition
     from (select f.feature, f.definition from plan_features f where f.plan = t.plan) f
       full join (
         select distinct on (o.feature) o.feature, ${HOLDS} as definition
         from feature_overrides o where o.tenant_id = t.id order by o.feature, o.version desc
       ) o using (feature)
   ) own where definition is not null)`;

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
