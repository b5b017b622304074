import { Conflict, parseTenantId } from '@inevitable/contract';
import { newId, plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { isDuplicate } from '../../store/system-database.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import type { OwnMembership } from '../members/admit.js';
import { tenantSlug } from './create-tenant.js';

export const tenantName = plainText({ min: 1, max: 200, singleLine: true });
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
  const tenantId = parseTenantId(newId());
  const id = newId();
  try {
    return await db.transaction(async (rows) => {
      const [joined] = await rows<{ joinedAt: Date }>(
        `with founded as (
           insert into tenants (id, slug, name) values ($1, $2, $3) returning id)
         insert into memberships (tenant_id, id, user_id, roles) select id, $4, $5, '{owner}' from founded
         returning created_at as "joinedAt"`,
        [tenantId, slug, name, id, userId],
      );
      const subject = { type: 'Tenant', id: tenantId };
      await appendAudit(rows, { tenantId, origin, action: 'identity.create-tenant', outcome: 'success', subject });
      return { id, tenantId, slug, name, roles: ['owner'], joinedAt: joined!.joinedAt };
    });
  } catch (error) {
    throw isDuplicate(error) ? new Conflict(`There is a tenant "${slug}" already.`, 'input.slug') : error;
  }
}
