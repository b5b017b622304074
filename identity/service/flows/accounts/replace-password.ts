import type { UserId } from '@inevitable/contract';
import { voidTokensOfPerson } from '../../tokens/one-time-tokens.js';
import type { Rows } from '../../store/system-database.js';

export interface PasswordToReplace {
  readonly userId: UserId;
  /** Of the new one. */
  readonly hash: string;
  /** When the one it replaces was set, for callers who have checked that one; null: whatever it is, and if there is none. */
  readonly replaces: Date | null;
}

/**
 * Stores a password; false where it was to replace another one than the person has by now. Links in mails are void then.
 * Sessions, half ones too, are the caller's to end.
 */
export async function replacePassword(rows: Rows, { userId, hash, replaces }: PasswordToReplace): Promise<boolean> {
  const stored = await rows(
    replaces === null
      ? `insert into credentials (user_id, password_hash) values ($1, $2)
         on conflict (user_id) do update set password_hash = excluded.password_hash, changed_at = stack_now() returning user_id`
      : `update credentials set password_hash = $2, changed_at = stack_now()
         where user_id = $1 and changed_at = $3 returning user_id`,
    replaces === null ? [userId, hash] : [userId, hash, replaces],
  );
  if (stored.length === 0) return false;
  await voidTokensOfPerson(rows, userId);
  return true;
}
