import type { TenantId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

/** What became of a tenant that was given up. */
export interface DeletionFound {
  readonly tenantId: TenantId;
  readonly state: 'waiting' | 'erasing' | 'erased' | 'kept';
  readonly orderedAt: Date;
  readonly erasesAt: Date;
  readonly endedAt: Date | null;
  readonly parts: readonly ErasedPart[];
}

export interface ErasedPart {
  readonly product: string;
  /** null: it still has something. */
  readonly erasedAt: Date | null;
  readonly rows: number;
  readonly files: number;
  readonly jobs: number;
}

/** The last deletion of a tenant, whether the tenant is gone or not; null: there was none. */
export async function findDeletion(rows: Rows, tenantId: string): Promise<DeletionFound | null> {
  const [found] = await rows<Omit<DeletionFound, 'parts'> & { id: string }>(
    `select id, tenant_id as "tenantId", created_at as "orderedAt", due_at as "erasesAt", ended_at as "endedAt",
       case state when 'done' then 'erased' when 'over' then 'kept' else
         case when due_at > stack_now() then 'waiting' else 'erasing' end end as state
     from data_orders where kind = 'erase' and tenant_id = $1 order by created_at desc, id desc limit 1`,
    [tenantId],
  );
  if (!found) return null;
  const { id, ...deletion } = found;
  const parts = await rows<ErasedPart>(
    `select product, done_at as "erasedAt", rows::float8, files::float8, jobs::float8 from data_parts where order_id = $1 order by product`,
    [id],
  );
  return { ...deletion, parts };
}
