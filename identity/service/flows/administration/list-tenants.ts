import type { TenantId } from '@inevitable/contract';
import type { SystemDatabase } from '../../store/system-database.js';

export interface TenantListed {
  readonly id: TenantId;
  readonly slug: string;
  readonly name: string;
  readonly plan: string;
  readonly status: 'active' | 'suspended' | 'deleting';
  /** Active ones. */
  readonly members: number;
  readonly createdAt: Date;
}

export const PAGE = 500;

/** In the order of slugs, `PAGE` at most; `after`: the last slug of the page before. */
export const listTenants = ({ rows }: SystemDatabase, after: string | null): Promise<readonly TenantListed[]> =>
  rows<TenantListed>(
    `select t.id, t.slug, t.name, t.plan, t.status, t.created_at as "createdAt",
       (select count(*)::int from memberships m where m.tenant_id = t.id and m.status = 'active') as members
     from tenants t where t.slug > $1 order by t.slug limit ${PAGE}`,
    [after ?? ''],
  );
