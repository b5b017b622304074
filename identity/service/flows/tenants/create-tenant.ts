import { Conflict, parseTenantId, type TenantId } from '@inevitable/contract';
import { newId, parseInput, plainText } from '@inevitable/kit';
import { z } from 'zod';
import { isDuplicate } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';

/** Shorter than an id, so that a slug and an id are never confused. */
export const tenantSlug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, 'is 2 to 31 lower-case letters, digits and hyphens, a letter first');

const newTenant = z.strictObject({
  slug: tenantSlug,
  name: plainText({ min: 1, max: 200 }),
  plan: z.enum(['free', 'pro', 'enterprise']).default('free'),
});

/** Throws `BadUserInput`, and `Conflict` when the slug is taken. */
export async function createTenant(input: z.input<typeof newTenant>, { db }: FlowDeps): Promise<TenantId> {
  const { slug, name, plan } = parseInput(newTenant, input);
  const id = parseTenantId(newId());
  try {
    await db.rows('insert into tenants (id, slug, name, plan) values ($1, $2, $3, $4)', [id, slug, name, plan]);
  } catch (error) {
    throw isDuplicate(error) ? new Conflict(`There is a tenant "${slug}" already.`) : error;
  }
  return id;
}
