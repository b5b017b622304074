import type { Rows } from '../../store/system-database.js';
import type { OrderSubject } from '../../data-orders/data-orders.js';

/** An archive that was ordered. */
export interface DataExport {
  readonly id: string;
  readonly state: 'preparing' | 'ready';
  readonly orderedAt: Date;
  /** Products whose part is missing. */
  readonly waitingFor: readonly string[];
  /** Until when it can be fetched; null while it is made. */
  readonly expiresAt: Date | null;
}

/** The last one that was ordered of a tenant, or of a person, and can be fetched still; null: there is none. */
export async function findExport(rows: Rows, subject: OrderSubject): Promise<DataExport | null> {
  const [own, id] = subject.kind === 'tenant' ? ['tenant_id', subject.tenantId] : ['user_id', subject.userId];
  const [found] = await rows<DataExport>(
    `select o.id, case o.state when 'open' then 'preparing' else 'ready' end as state, o.created_at as "orderedAt",
       o.expires_at as "expiresAt",
       array(select distinct p.product from data_parts p where p.order_id = o.id and p.done_at is null order by 1) as "waitingFor"
     from data_orders o
     where o.kind = 'export' and o.${own} = $1 and (o.state = 'open' or (o.state = 'done' and o.expires_at > stack_now()))
     order by o.created_at desc, o.id desc limit 1`,
    [id],
  );
  return found ?? null;
}
