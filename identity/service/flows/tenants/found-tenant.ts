import { Conflict } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import type { OwnMembership } from '../members/admit.js';
import { makeOwner, makeTenant } from './make-tenant.js';
import { tenantName, tenantSlug } from './tenant-texts.js';

export const foundTenantInput = z.strictObject({ slug: tenantSlug, name: tenantName });

/** Of one person: enough for a consultant's day, too few to take every good name. */
const TENANTS_PER_DAY = { attempts: 5, windowSeconds: 86_400 };

/** A new tenant on the free plan, of which the person is the owner. Throws `Conflict` for a taken slug, and `RateLimited`. */
export async function foundTenant(
  { slug, name }: z.output<typeof foundTenantInput>,
  { userId }: Self,
  origin: Origin,
  { db }: FlowDeps,
): Promise<OwnMembership> {
  await requireAttempts(db.rows, [{ counted: `found-tenant:${userId}`, ...TENANTS_PER_DAY }]);
  return db.transaction(async (rows) => {
    const tenantId = await makeTenant(rows, { slug, name });
    if (!tenantId) throw new Conflict(`There is a tenant "${slug}" already.`, 'input.slug');
    const membership = await makeOwner(rows, tenantId, userId);
    const subject = { type: 'Tenant', id: tenantId };
    await appendAudit(rows, { tenantId, origin, action: 'identity.create-tenant', outcome: 'success', subject });
    return { ...membership, tenantId, slug, name, roles: ['owner'] };
  });
}
