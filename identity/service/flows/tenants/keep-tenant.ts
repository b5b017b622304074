import { Conflict, NotFound, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { lockTenant } from './lock-tenant.js';

export const keepTenantInput = z.strictObject({ id: idText });

export interface TenantKept {
  readonly tenantId: TenantId;
  /** What it was before it was given up. */
  readonly status: 'active' | 'suspended';
}

/** Before the grace is over: what a product sees as due while this is written down must not be kept any more. */
const MARGIN = '1 minute';

/**
 * Takes a deletion back while nothing is erased. Throws `NotFound`, and `Conflict` for a tenant that is not being deleted, or
 * whose grace is over within the minute.
 */
export function keepTenant(
  { id }: z.output<typeof keepTenantInput>,
  origin: Origin,
  { db }: FlowDeps,
): Promise<TenantKept> {
  return db.transaction(async (rows) => {
    const tenant = await lockTenant(rows, id);
    if (!tenant) throw new NotFound('tenant');
    const [kept] = await rows<{ order: string; status: TenantKept['status'] }>(
      `update data_orders set state = 'over', ended_at = stack_now()
       where kind = 'erase' and tenant_id = $1 and state = 'open' and due_at > stack_now() + interval '${MARGIN}'
       returning id as order, status_before as status`,
      [id],
    );
    if (!kept) throw new Conflict('The tenant is not being deleted, or its grace is over.');
    await rows('update tenants set status = $2, updated_at = stack_now() where id = $1', [id, kept.status]);
    await appendAudit(rows, {
      tenantId: tenant.id,
      origin,
      action: 'identity.keep-tenant',
      outcome: 'success',
      subject: { type: 'Tenant', id },
      details: { ...kept },
    });
    await appendRevocations(rows, 'tenant', [id]);
    return { tenantId: tenant.id, status: kept.status };
  });
}
