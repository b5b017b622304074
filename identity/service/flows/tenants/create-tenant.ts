import { Conflict, type TenantId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { z } from 'zod';
import type { FlowDeps } from '../flow-deps.js';
import { makeTenant } from './make-tenant.js';
import { tenantName, tenantSlug } from './tenant-texts.js';

const newTenant = z.strictObject({
  slug: tenantSlug,
  name: tenantName,
  plan: z.enum(['free', 'pro', 'enterprise']).default('free'),
});

/** Throws `BadUserInput`, and `Conflict` when the slug is taken. */
export async function createTenant(input: z.input<typeof newTenant>, { db }: FlowDeps): Promise<TenantId> {
  const wanted = parseInput(newTenant, input);
  const tenantId = await makeTenant(db.rows, wanted);
  if (!tenantId) throw new Conflict(`There is a tenant "${wanted.slug}" already.`);
  return tenantId;
}
