import { OPEN_TASKS_PAGE, type DataPart, type DataTask, type TenantDataPort } from '@inevitable/contract';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { SystemDatabase } from '../store/system-database.js';

/** What products ask for, and what they report: `TenantDataPort`. */
export const dataTasks = ({ rows }: Pick<SystemDatabase, 'rows'>): TenantDataPort => ({
  open: (product, after) =>
    rows<DataTask>(
      `select o.id as "orderId", o.kind, p.tenant_id as "tenantId", o.user_id as "userId"
       from data_parts p join data_orders o on o.id = p.order_id
       where p.product = $1 and p.done_at is null and o.state = 'open' and o.due_at <= stack_now()
         and (p.order_id, p.tenant_id) > ($2, $3)
       order by p.order_id, p.tenant_id limit ${OPEN_TASKS_PAGE}`,
      [product, after?.orderId ?? BEFORE_ALL, after?.tenantId ?? BEFORE_ALL],
    ),
  done: async (product, { orderId, tenantId }, part) => partDone({ rows }, { product, orderId, tenantId, part }),
});

interface PartDone extends Pick<DataTask, 'orderId'> {
  readonly product: string;
  readonly tenantId: string;
  readonly part: DataPart;
}

/** False: it was done before, nobody waits for it any more, or it is an export without a list of its files. */
export async function partDone(
  { rows }: Pick<SystemDatabase, 'rows'>,
  { product, orderId, tenantId, part }: PartDone,
): Promise<boolean> {
  const taken = await rows(
    `update data_parts p set done_at = stack_now(), rows = $4, files = $5, jobs = $6, index_sha256 = decode($7, 'hex')
     from data_orders o
     where o.id = p.order_id and o.state = 'open' and o.due_at <= stack_now()
       and p.order_id = $1 and p.product = $2 and p.tenant_id = $3 and p.done_at is null
       and (o.kind = 'erase' or $7::text is not null)
     returning 1`,
    [orderId, product, tenantId, part.rows, part.files, part.jobs, part.index],
  );
  return taken.length > 0;
}
