import type { TenantId, UserId } from '@inevitable/contract';
import { deleteRows } from '../store/delete-rows.js';
import { BATCH, inBatches } from '../store/in-batches.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { addErasedParts, addOrder, SHORTEST_GRACE_SECONDS } from './data-orders.js';
import { erasePerson } from './erase-person.js';

/** Of core-identity's tables with a tenant, those that keep nothing but ids and hashes, for as long as the stack lives. */
export const KEPT_OF_TENANTS: Readonly<Record<string, string>> = {
  audit_events: 'the chain, whose records hold no personal data',
  audit_heads: 'the last hash of the chain',
  data_orders: 'what shows that the tenant was erased',
  data_parts: 'what shows that the tenant was erased',
};

/** Where one tenant may have millions: removed in short transactions first. */
const LONG = ['reservations', 'audit_personal'];

/** In the order of their references. What hangs on these goes with them. */
const TABLES = [
  ...LONG,
  'invitations',
  'tenant_roles',
  'memberships',
  'usage_counters',
  'sign_in_challenges',
  'outbox',
];

/** Answers how many rows went. Rejects with the reason of `signal` between two batches. */
export async function eraseLongTables(
  { rows }: Pick<SystemDatabase, 'rows'>,
  tenantId: TenantId,
  signal?: AbortSignal,
): Promise<number> {
  let erased = 0;
  for (const table of LONG)
    erased += await inBatches(
      () =>
        deleteRows(
          rows,
          `delete from ${table} where tenant_id = $1
             and ctid = any (array(select ctid from ${table} where tenant_id = $1 limit ${BATCH}))`,
          [tenantId],
        ),
      signal,
    );
  return erased;
}

export interface TenantErased {
  /** Those that hang on others not counted. */
  readonly rows: number;
  /** Whose accounts went with it, or are about to. */
  readonly people: readonly UserId[];
}

/**
 * Removes a tenant, and the accounts of those who are in no other: nobody could sign in with them any more, not even to delete
 * them. Of those who once were in another, products have parts to erase: their accounts are shut, and ordered to be erased.
 * Within one transaction. Throws where anything is left.
 */
export async function eraseTenant(rows: Rows, tenantId: TenantId, products: readonly string[]): Promise<TenantErased> {
  // Locked first, and judged by what is true then: whoever joins another tenant meanwhile stays.
  await rows(
    'select from users where id in (select user_id from memberships where tenant_id = $1) order by id for update',
    [tenantId],
  );
  const homeless = await rows<{ id: UserId; wasElsewhere: boolean }>(
    `select u.id, exists (select from memberships m where m.user_id = u.id and m.tenant_id <> $1) as "wasElsewhere" from users u
     where not u.platform_admin and exists (select from memberships m where m.user_id = u.id and m.tenant_id = $1)
       and not exists (select from memberships m where m.user_id = u.id and m.tenant_id <> $1 and m.status = 'active')
     order by u.id`,
    [tenantId],
  );
  let erased = 0;
  for (const { id, wasElsewhere } of homeless)
    if (wasElsewhere) await orderErasure(rows, id, products);
    else erased += await erasePerson(rows, id);
  erased += await deleteRows(
    rows,
    'delete from one_time_tokens where subject in (select id from invitations where tenant_id = $1)',
    [tenantId],
  );
  for (const table of TABLES) erased += await deleteRows(rows, `delete from ${table} where tenant_id = $1`, [tenantId]);
  erased += await deleteRows(rows, `delete from data_orders where tenant_id = $1 and kind = 'export'`, [tenantId]);
  erased += await deleteRows(rows, 'delete from tenants where id = $1', [tenantId]);
  const left = Object.entries(await countLeftOfTenant({ rows }, tenantId)).filter(([, count]) => count > 0);
  if (left.length)
    throw new Error(`Of tenant ${tenantId}, core-identity still has ${left.map(([what]) => what).join(', ')}.`);
  return { rows: erased, people: homeless.map(({ id }) => id) };
}

/** Unless it is ordered already. */
async function orderErasure(rows: Rows, userId: UserId, products: readonly string[]): Promise<void> {
  await rows(`update users set status = 'disabled', updated_at = stack_now() where id = $1`, [userId]);
  const open = await rows(`select from data_orders where user_id = $1 and kind = 'erase' and state = 'open'`, [userId]);
  if (open.length > 0) return;
  const subject = { kind: 'person', userId } as const;
  const order = await addOrder(rows, { kind: 'erase', subject, askedBy: null, graceSeconds: SHORTEST_GRACE_SECONDS });
  await addErasedParts(rows, order, products);
}

/** What core-identity still has of a tenant, by table; what is kept on purpose is not counted. */
export async function countLeftOfTenant(
  { rows }: Pick<SystemDatabase, 'rows'>,
  tenantId: string,
): Promise<Readonly<Record<string, number>>> {
  const tables = await rows<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'identity'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant_id' and not a.attisdropped
     order by 1`,
  );
  const left: Record<string, number> = {};
  const count = async (name: string, text: string): Promise<void> => {
    left[`table ${name}`] = (await rows<{ count: number }>(text, [tenantId]))[0]!.count;
  };
  await count('tenants', 'select count(*)::int as count from tenants where id = $1');
  for (const { name } of tables)
    if (!Object.hasOwn(KEPT_OF_TENANTS, name))
      await count(name, `select count(*)::int as count from ${name} where tenant_id = $1`);
  return left;
}
