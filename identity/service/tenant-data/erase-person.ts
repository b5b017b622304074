import type { UserId } from '@inevitable/contract';
import { erasePersonal } from '../audit/erase-personal.js';
import type { Rows } from '../store/system-database.js';

/** What went; ids that a person is named by in the tenants' records name nobody from then on. */
export interface PersonErased {
  readonly rows: number;
}

/** Removes an account and everything that core-identity keeps of its person, but for the audit's events, which hold no more of them. */
export async function erasePerson(rows: Rows, userId: UserId): Promise<PersonErased> {
  const [person] = await rows<{ email: string }>('select email from users where id = $1 for update', [userId]);
  if (!person) return { rows: 0 };
  let erased = 0;
  const erase = async (text: string, ...values: readonly unknown[]): Promise<void> => {
    const [gone] = await rows<{ count: number }>(
      `with gone as (${text} returning 1) select count(*)::int as count from gone`,
      values,
    );
    erased += gone!.count;
  };
  await erase(
    `delete from one_time_tokens where subject = $1
       or subject in (select id from invitations where email = $2)`,
    userId,
    person.email,
  );
  await erase('delete from invitations where email = $1', person.email);
  await erase('delete from mails where recipient = $1', person.email);
  await erase('delete from sign_ups where email = $1', person.email);
  await erase(`delete from data_orders where user_id = $1 and kind = 'export'`, userId);
  // With a membership go its sessions, their refresh tokens, and its API keys; with the account, whatever signs in.
  await erase('delete from memberships where user_id = $1', userId);
  await erase('delete from users where id = $1', userId);
  return { rows: erased + (await erasePersonal(rows, userId)) };
}
