import { randomBytes } from 'node:crypto';
import type { TenantId, UserId } from '@inevitable/contract';
import { addMember } from '../members/add-member.js';
import type { FlowDeps } from '../flow-deps.js';
import { createTenant } from './create-tenant.js';
import { DEMO_PEOPLE, DEMO_TENANTS } from './demo-people.js';
import { createUser } from '../accounts/create-user.js';
import { findUser } from '../accounts/find-user.js';
import { setPassword } from '../accounts/set-password.js';

/**
 * Two tenants and four people with one password, made by the flows everyone else uses. On a later start it only sets
 * the password: what people did to the demo stays. Answers the password, a new one when none is given.
 */
export async function seedDemo(given: string | null, deps: FlowDeps): Promise<string> {
  const password = given ?? randomBytes(12).toString('base64url');
  await deps.db.exclusively('demo', async () => {
    const tenants = new Map<string, TenantId>();
    for (const tenant of DEMO_TENANTS)
      tenants.set(tenant.slug, (await tenantBySlug(tenant.slug, deps)) ?? (await createTenant(tenant, deps)));
    for (const { tenant, role, ...person } of DEMO_PEOPLE) {
      const known = await findUser(deps.db, person.email);
      const userId = known?.id ?? (await createUser({ ...person, password }, deps));
      if (known) await setPassword({ userId, password }, deps);
      if (!(await hasMembership(userId, deps)))
        await addMember({ tenantId: tenants.get(tenant)!, userId, roles: [role] }, deps);
    }
  });
  return password;
}

async function tenantBySlug(slug: string, { db }: FlowDeps): Promise<TenantId | null> {
  const [tenant] = await db.rows<{ id: TenantId }>('select id from tenants where slug = $1', [slug]);
  return tenant?.id ?? null;
}

async function hasMembership(userId: UserId, { db }: FlowDeps): Promise<boolean> {
  return (await db.rows('select from memberships where user_id = $1 limit 1', [userId])).length > 0;
}
