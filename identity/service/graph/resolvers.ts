import type { FlowDeps } from '../flows/flow-deps.js';
import { auditedMutations } from './audited-mutations.js';
import { administrationResolvers } from './resolvers/administration.js';
import { memberResolvers } from './resolvers/members.js';
import { roleResolvers } from './resolvers/roles.js';
import { sessionResolvers } from './resolvers/sessions.js';
import { tenantChangeResolvers } from './resolvers/tenant-changes.js';
import { accountResolvers } from './resolvers/accounts.js';
import { apiKeyResolvers } from './resolvers/api-keys.js';
import { auditResolvers } from './resolvers/audit.js';
import { secondFactorResolvers } from './resolvers/second-factor.js';
import { entitlementsResolvers } from './resolvers/entitlements.js';
import { signInResolvers } from './resolvers/sign-in.js';
import { tenantDataResolvers } from './resolvers/tenant-data.js';
import { tenantResolvers } from './resolvers/tenants.js';
import { viewerResolvers } from './resolvers/viewer.js';

type ResolverMap = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The resolvers of `schema.graphql`, a file for each area; what a mutation refuses is in the audit. */
export function resolvers(flows: FlowDeps): ResolverMap {
  const all = merged([
    entitlementsResolvers(flows),
    viewerResolvers,
    signInResolvers(flows),
    secondFactorResolvers(flows),
    accountResolvers(flows),
    tenantResolvers,
    auditResolvers(flows),
    apiKeyResolvers(flows),
    memberResolvers(flows),
    roleResolvers(flows),
    sessionResolvers(flows),
    tenantChangeResolvers(flows),
    administrationResolvers(flows),
    tenantDataResolvers(flows),
  ]);
  return { ...all, Mutation: auditedMutations(all['Mutation']!, flows) };
}

/** Throws where two areas resolve one field: the later one would win without a word. */
function merged(areas: readonly ResolverMap[]): ResolverMap {
  const all: Record<string, Record<string, unknown>> = {};
  for (const area of areas)
    for (const [type, fields] of Object.entries(area))
      for (const [field, resolve] of Object.entries(fields)) {
        const known = (all[type] ??= {});
        if (Object.hasOwn(known, field)) throw new Error(`${type}.${field} is resolved twice.`);
        known[field] = resolve;
      }
  return all;
}
