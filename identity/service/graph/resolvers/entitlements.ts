import { isUuid, NotFound, type Feature, type RequestContext, type TenantId } from '@inevitable/contract';
import {
  connectionOf,
  parseInput,
  requirePermission,
  requirePlatformAdmin,
  requireTenant,
  type PageArguments,
} from '@inevitable/kit';
import type { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import { describeEntitlements } from '../../entitlements/describe-entitlements.js';
import { findTenant, findTenantOfSlug } from '../../entitlements/find-tenant.js';
import { findGrant, listGrants } from '../../entitlements/list-grants.js';
import { overriddenFeatures } from '../../entitlements/overridden-features.js';
import { usage } from '../../entitlements/usage.js';
import { changePlan, changePlanInput } from '../../flows/entitlements/change-plan.js';
import { grantFeature, grantInput } from '../../flows/entitlements/grant-feature.js';
import { removeFeatureOverride, removeOverrideInput } from '../../flows/entitlements/remove-feature-override.js';
import { overrideInput, setFeatureOverride } from '../../flows/entitlements/set-feature-override.js';
import { voidFeatureGrant, voidGrantInput } from '../../flows/entitlements/void-feature-grant.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import type { IdentityContext } from '../identity-context.js';
import { asAdministrator } from './as-administrator.js';
import type { WithInput } from './with-input.js';

/** Whose, once it is decided that the caller may see them. */
interface EntitlementsOf {
  readonly tenantId: TenantId;
}

interface FeatureOf extends EntitlementsOf {
  readonly name: string;
  readonly feature: Feature;
  readonly isOverridden: boolean;
}

const READ = 'identity:entitlements:read';

/** The own tenant's for who may read them, and anybody's for platform administrators. */
function ownOrAny(context: RequestContext, tenantId: string): EntitlementsOf {
  if (context.caller.kind === 'platformAdmin') return { tenantId: tenantId as TenantId }; // a row's, not the caller's word
  requirePermission(context, READ);
  const own = requireTenant(context).id;
  if (tenantId !== own) throw new NotFound('tenant');
  return { tenantId: own };
}

/** The own tenant's unless told. Another tenant answers as one that does not exist, to all but platform administrators. */
async function entitlementsAsked(
  asked: string | null | undefined,
  context: RequestContext,
  { db }: FlowDeps,
): Promise<EntitlementsOf> {
  const own = requireTenant(context).id;
  if (asked == null || asked === own) return ownOrAny(context, own);
  requirePlatformAdmin(context);
  const tenant = await (isUuid(asked) ? findTenant(db, asked as TenantId) : findTenantOfSlug(db, asked));
  if (!tenant) throw new NotFound('tenant');
  return ownOrAny(context, tenant.id);
}

/** A mutation that platform administrators alone may send. */
function platformMutation<Schema extends z.ZodType, Done>(
  action: string,
  schema: Schema,
  flow: (input: z.output<Schema>, origin: Origin, deps: FlowDeps) => Promise<Done>,
  deps: FlowDeps,
) {
  return (_root: unknown, { input }: WithInput, context: IdentityContext): Promise<Done> =>
    asAdministrator(action, context, deps, (origin) => flow(parseInput(schema, input), origin, deps));
}

/** What tenants may use, and what platform administrators change of it. */
export const entitlementsResolvers = (flows: FlowDeps) => {
  const { db } = flows;
  const changed = async (tenantId: Promise<TenantId>) => ({ entitlements: { tenantId: await tenantId } });
  const changedGrant = async (done: Promise<{ readonly tenantId: TenantId; readonly grantId: string }>) => {
    const { tenantId, grantId } = await done;
    return { grant: await findGrant(db, tenantId, grantId), entitlements: { tenantId } };
  };
  const set = platformMutation('identity.set-feature-override', overrideInput, setFeatureOverride, flows);
  const remove = platformMutation(
    'identity.remove-feature-override',
    removeOverrideInput,
    removeFeatureOverride,
    flows,
  );
  const grant = platformMutation('identity.grant-feature', grantInput, grantFeature, flows);
  const voidGrant = platformMutation('identity.void-feature-grant', voidGrantInput, voidFeatureGrant, flows);
  const change = platformMutation('identity.change-plan', changePlanInput, changePlan, flows);

  return {
    Query: {
      entitlements: (_root: unknown, { tenant }: { readonly tenant?: string | null }, context: IdentityContext) =>
        entitlementsAsked(tenant, context, flows),
    },
    Mutation: {
      setFeatureOverride: (root: unknown, args: WithInput, context: IdentityContext) =>
        changed(set(root, args, context)),
      removeFeatureOverride: (root: unknown, args: WithInput, context: IdentityContext) =>
        changed(remove(root, args, context)),
      grantFeature: (root: unknown, args: WithInput, context: IdentityContext) =>
        changedGrant(grant(root, args, context)),
      voidFeatureGrant: (root: unknown, args: WithInput, context: IdentityContext) =>
        changedGrant(voidGrant(root, args, context)),
      changePlan: (root: unknown, args: WithInput, context: IdentityContext) => changed(change(root, args, context)),
    },
    Tenant: {
      entitlements: ({ id }: { readonly id: string }, _args: unknown, context: IdentityContext) =>
        ownOrAny(context, id),
    },
    FeatureGrant: {
      __resolveReference: ({ id }: { readonly id: string }, context: IdentityContext) => {
        const { tenantId } = ownOrAny(context, requireTenant(context).id);
        return isUuid(id) ? findGrant(db, tenantId, id) : null;
      },
    },
    Entitlements: {
      plan: async ({ tenantId }: EntitlementsOf) => (await describeEntitlements(db, tenantId)).plan,
      features: async ({ tenantId }: EntitlementsOf): Promise<readonly FeatureOf[]> => {
        const [{ features }, overridden] = await Promise.all([
          describeEntitlements(db, tenantId),
          overriddenFeatures(db, tenantId),
        ]);
        return Object.entries(features).map(([name, feature]) => ({
          tenantId,
          name,
          feature,
          isOverridden: overridden.has(name),
        }));
      },
    },
    EntitledFeature: {
      kind: ({ feature }: FeatureOf) => feature.kind.toUpperCase(),
      isEnabled: ({ feature }: FeatureOf) => (feature.kind === 'boolean' ? feature.enabled : null),
      value: ({ feature }: FeatureOf) => (feature.kind === 'static' ? feature.value : null),
      quota: ({ feature }: FeatureOf) => (feature.kind === 'metered' ? feature.limit : null),
      per: ({ feature }: FeatureOf) => (feature.kind === 'metered' ? feature.per.toUpperCase() : null),
      usage: ({ tenantId, name, feature }: FeatureOf) =>
        feature.kind === 'metered' ? usage(db, tenantId, name) : null,
      grants: ({ tenantId, name }: FeatureOf, page: PageArguments) =>
        connectionOf(page, (wanted) => listGrants(db, tenantId, name, wanted)),
    },
  };
};
