import type { TenantId, UserId } from '@inevitable/contract';
import { erasePersonal } from '../audit/erase-personal.js';
import { deleteRows } from '../store/delete-rows.js';
import type { Rows } from '../store/system-database.js';

/**
 * Removes an account and everything that core-identity keeps of its person, but for the audit's events, which hold no more
 * than ids of them. Their archives can be fetched no more, and go with the next run. Within one transaction; answers how many
 * rows went, those that hang on others not counted. Throws where anything still names the person.
 */
export async function erasePerson(rows: Rows, userId: UserId): Promise<number> {
  const [person] = await rows<{ email: string; username: string | null }>(
    'select email, username from users where id = $1 for update',
    [userId],
  );
  if (!person) return 0;
  const { email, username } = person;
  const tenants = await rows<{ id: TenantId }>('select tenant_id as id from memberships where user_id = $1', [userId]);
  const erase = (text: string, ...values: readonly unknown[]): Promise<number> => deleteRows(rows, text, values);
  await rows(`update data_orders set state = 'over', expires_at = stack_now() where user_id = $1 and kind = 'export'`, [
    userId,
  ]);
  await rows('update data_orders set asked_by = null where asked_by = $1', [userId]);
  const erased = [
    // An address they asked for and never confirmed got mails, too. An open invitation is the business of whoever invited.
    await erase(
      `delete from mails where kind <> 'invitation' and (recipient = $2
         or recipient in (select email from one_time_tokens where subject = $1 and purpose = 'change-email'))`,
      userId,
      email,
    ),
    await erase('delete from one_time_tokens where subject = $1', userId),
    await erase(`delete from invitations where email = $1 and (status <> 'open' or expires_at <= stack_now())`, email),
    await erase('delete from sign_ups where email = $1', email),
    // With a membership go its sessions, their refresh tokens, and its API keys; with the account, whatever signs in.
    await erase('delete from memberships where user_id = $1', userId),
    await erase('delete from users where id = $1', userId),
    await erasePersonal(rows, { userId, email, username, tenantIds: tenants.map(({ id }) => id) }),
  ];
  await assertNothingLeft(rows, userId);
  return erased.reduce((sum, count) => sum + count, 0);
}

async function assertNothingLeft(rows: Rows, userId: UserId): Promise<void> {
  const tables = await rows<{ name: string }>(
    `select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'identity'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'user_id'
       and not a.attisdropped and c.relname <> 'data_orders'`,
  );
  for (const { name } of tables)
    if ((await rows(`select from ${name} where user_id = $1 limit 1`, [userId])).length > 0)
      throw new Error(`Of person ${userId}, core-identity still has something in ${name}.`);
}
