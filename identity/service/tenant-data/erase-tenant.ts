import type { TenantId, UserId } from '@inevitable/contract';
import { BATCH, inBatches } from '../store/in-batches.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { erasePerson } from './erase-person.js';

/** Of core-identity's tables with a tenant, those that keep nothing but ids and hashes, for as long as the stack lives. */
export const KEPT_OF_TENANTS: Readonly<Record<string, string>> = {
  audit_events: 'the chain, whose records hold no personal data',
  audit_heads: 'the last hash of the chain',
  data_orders: 'what shows that the tenant was erased',
  data_parts: 'what shows that the tenant was erased',
};

/** Where one tenant may have millions: removed in short transactions, before the last one. */
const LONG = ['reservations', 'audit_personal'];

/** In the order of their references. What hangs on these goes with them. */
const SHORT = ['invitations', 'tenant_roles', 'memberships', 'usage_counters', 'sign_in_challenges', 'outbox'];

export async function eraseLongTables(
  { rows }: Pick<SystemDatabase, 'rows'>,
  tenantId: TenantId,
  signal?: AbortSignal,
): Promise<number> {
  let erased = 0;
  for (const table of LONG)
    erased += await inBatches(async () => {
      const [gone] = await rows<{ count: number }>(
        `with gone as (
           delete from ${table} where ctid = any (array(select ctid from ${table} where tenant_id = $1 limit ${BATCH})) returning 1)
         select count(*)::int as count from gone`,
        [tenantId],
      );
      return gone!.count;
    }, signal);
  return erased;
}

/**
 * Removes a tenant, and the accounts of those who are in no other: nobody could sign in with them any more, not even to delete
 * them. Within one transaction; answers how many rows went, those that hang on others not counted.
 */
export async function eraseTenant(rows: Rows, tenantId: TenantId): Promise<number> {
  const members = await rows<{ id: UserId }>(
    `select u.id from users u where not u.platform_admin
       and exists (select from memberships m where m.user_id = u.id and m.tenant_id = $1)
       and not exists (select from memberships m where m.user_id = u.id and m.tenant_id <> $1)
     order by u.id for update`,
    [tenantId],
  );
  let erased = 0;
  for (const { id } of members) erased += (await erasePerson(rows, id)).rows;
  const erase = async (text: string): Promise<void> => {
    const [gone] = await rows<{ count: number }>(
      `with gone as (${text} returning 1) select count(*)::int as count from gone`,
      [tenantId],
    );
    erased += gone!.count;
  };
  await erase(`delete from one_time_tokens where subject in (select id from invitations where tenant_id = $1)`);
  for (const table of SHORT) await erase(`delete from ${table} where tenant_id = $1`);
  await erase(`delete from data_orders where tenant_id = $1 and kind = 'export'`);
  await erase('delete from tenants where id = $1');
  return erased;
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
