import type { TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { NIL_ID } from '../store/nil-id.js';
import type { Rows } from '../store/system-database.js';

/** Of whom an order is: everything of a tenant, or what is one person's in all of theirs. */
export type OrderSubject =
  { readonly kind: 'tenant'; readonly tenantId: TenantId } | { readonly kind: 'person'; readonly userId: UserId };

export interface DataOrder {
  readonly id: string;
  readonly kind: 'export' | 'erase';
  readonly tenantId: TenantId | null;
  readonly userId: UserId | null;
  readonly askedBy: UserId | null;
  readonly createdAt: Date;
  readonly dueAt: Date;
}

export const ORDER_COLUMNS = `id, kind, tenant_id as "tenantId", user_id as "userId", asked_by as "askedBy",
  created_at as "createdAt", due_at as "dueAt"`;

export const subjectOf = ({ tenantId, userId }: Pick<DataOrder, 'tenantId' | 'userId'>): OrderSubject =>
  userId === null ? { kind: 'tenant', tenantId: tenantId! } : { kind: 'person', userId };

/** As the audit names whom an order is about. */
export const auditSubject = (order: Pick<DataOrder, 'tenantId' | 'userId'>) => {
  const subject = subjectOf(order);
  return subject.kind === 'tenant' ? { type: 'Tenant', id: subject.tenantId } : { type: 'User', id: subject.userId };
};

/** The product that core-identity is. It exports its part when it likes, and erases it last. */
export const IDENTITY = 'identity';
/** In place of a tenant: of a person, core-identity does one part for all of them. */
export const NO_TENANT = NIL_ID;

/** Writes down what each product has to do; what is there already stays. `tenantIds`: those the order is about. */
export async function addParts(
  rows: Rows,
  { id, userId, tenantId }: Pick<DataOrder, 'id' | 'userId' | 'tenantId'>,
  products: readonly string[],
  tenantIds: readonly TenantId[],
): Promise<void> {
  await rows(
    `insert into data_parts (order_id, product, tenant_id)
     select $1::uuid, product, tenant_id from unnest($2::text[]) product, unnest($3::uuid[]) tenant_id
     union all select $1::uuid, '${IDENTITY}', $4::uuid
     on conflict do nothing`,
    [id, products, tenantIds, userId === null ? tenantId : NO_TENANT],
  );
}

/** The parts of an erasure: everywhere that a person is or was a member, or in the tenant. */
export async function addErasedParts(rows: Rows, order: DataOrder, products: readonly string[]): Promise<void> {
  const tenants =
    order.tenantId !== null
      ? [{ id: order.tenantId }]
      : await rows<{ id: TenantId }>('select tenant_id as id from memberships where user_id = $1', [order.userId]);
  await addParts(
    rows,
    order,
    products,
    tenants.map(({ id }) => id),
  );
}

/** Even where no grace is given: tokens live on for the revocation bound, and requests for their deadline. */
export const SHORTEST_GRACE_SECONDS = 120;

/** One more order, without its parts. A second open one of a kind and subject is refused as a duplicate. */
export async function addOrder(
  rows: Rows,
  order: {
    readonly kind: DataOrder['kind'];
    readonly subject: OrderSubject;
    readonly askedBy: UserId | null;
    readonly graceSeconds: number;
    readonly statusBefore?: 'active' | 'suspended';
  },
): Promise<DataOrder> {
  const { kind, subject, askedBy, graceSeconds, statusBefore = null } = order;
  const [added] = await rows<DataOrder>(
    `insert into data_orders (id, kind, tenant_id, user_id, asked_by, due_at, status_before)
     values ($1, $2, $3, $4, $5, stack_now() + make_interval(secs => $6), $7) returning ${ORDER_COLUMNS}`,
    [
      newId(),
      kind,
      subject.kind === 'tenant' ? subject.tenantId : null,
      subject.kind === 'person' ? subject.userId : null,
      askedBy,
      graceSeconds,
      statusBefore,
    ],
  );
  return added!;
}
