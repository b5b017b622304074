import { NotFound } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { z } from 'zod';
import { publishedArchiveKeys } from '../../archives/archive-keys.js';
import { verifyArchive, type VerifiedArchive } from '../../archives/verify-archive.js';
import { OPERATOR } from '../../audit/origin.js';
import { countLeftOfTenant } from '../../data-orders/erase-tenant.js';
import { findTenantNamed } from './find-named.js';
import { reasonText } from './set-tenant-status.js';
import type { FlowDeps } from '../flow-deps.js';
import { deleteTenant, GRACE_DAYS, type TenantDeletion } from '../tenants/delete-tenant.js';
import { keepTenant, type TenantKept } from '../tenants/keep-tenant.js';
import { fetchFinished, type Archive } from '../exports/fetch-archive.js';
import { findDeletion, type DeletionFound } from '../tenants/find-deletion.js';
import { findExport, type DataExport } from '../exports/find-export.js';
import { orderTenantExport } from '../exports/export-tenant.js';

const deletion = z.strictObject({
  reason: reasonText,
  graceDays: z.int().min(0).max(365).default(GRACE_DAYS),
});

/**
 * What whoever operates the stack does at the machine with what tenants have (`stack tenant`). Tenants are named by slug or id.
 * Each throws `NotFound` for an unknown one and `BadUserInput` for what is malformed.
 */
export interface TenantDataDesk {
  /** The export under way, or a new one. */
  orderExport(tenant: string): Promise<DataExport>;
  /** The one that was ordered last. Throws `NotFound` where there is none. */
  findExport(tenant: string): Promise<DataExport>;
  fetchArchive(id: string): Promise<Archive>;
  /** Against the keys of this stack. Throws what tar says of what is no archive. */
  verifyArchive(archive: AsyncIterable<Uint8Array>): Promise<VerifiedArchive>;
  /** `graceDays`: 30 unless told; none still leaves the tokens' last two minutes. Throws `Conflict` for one that is being deleted. */
  delete(tenant: string, given: z.input<typeof deletion>): Promise<TenantDeletion>;
  /** Throws `Conflict` where its grace is over. */
  keep(tenant: string): Promise<TenantKept>;
  /** By id: the tenant may be gone. null: it was never given up. */
  findDeletion(tenantId: string): Promise<DeletionFound | null>;
  /** What identity itself has of a tenant, by table, but for the audit's chain and the orders. */
  countLeft(tenantId: string): Promise<Readonly<Record<string, number>>>;
}

export const tenantDataDesk = (deps: FlowDeps): TenantDataDesk => {
  const { rows } = deps.db;
  return {
    orderExport: async (tenant) => orderTenantExport(await findTenantNamed(rows, tenant), null, OPERATOR, deps),
    async findExport(tenant) {
      const found = await findExport(rows, { kind: 'tenant', tenantId: await findTenantNamed(rows, tenant) });
      if (!found) throw new NotFound('export');
      return found;
    },
    fetchArchive: (id) => fetchFinished(id, OPERATOR, deps),
    verifyArchive: async (archive) => verifyArchive(archive, await publishedArchiveKeys(deps.db)),
    async delete(tenant, given) {
      const parsed = parseInput(deletion, given, 'delete');
      const tenantId = await findTenantNamed(rows, tenant);
      return deleteTenant({ tenantId, slug: null, ...parsed }, OPERATOR, deps);
    },
    keep: async (tenant) => keepTenant({ id: await findTenantNamed(rows, tenant) }, OPERATOR, deps),
    findDeletion: (tenantId) => findDeletion(rows, tenantId),
    countLeft: (tenantId) => countLeftOfTenant(deps.db, tenantId),
  };
};
