import { parseUserId, type UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Rows } from '../../store/system-database.js';

export interface UserToMake {
  /** Canonical. */
  readonly email: string;
  /** Canonical; null: none. */
  readonly username: string | null;
  readonly displayName: string;
  readonly passwordHash: string;
  readonly platformAdmin?: boolean;
}

export type UserMade =
  | { readonly kind: 'made'; readonly userId: UserId }
  | { readonly kind: 'taken'; readonly what: 'address' | 'user name' };

/**
 * A person with a password and a proved address, in no tenant yet; sign-ups that wait for the same proof are over. Where
 * something is taken, the transaction is to be rolled back.
 */
export async function makeUser(
  rows: Rows,
  { email, username, displayName, passwordHash, platformAdmin = false }: UserToMake,
): Promise<UserMade> {
  // Before the person, in one order: of two who make an account of one address the later one waits here, for nothing it holds.
  await rows(
    `delete from sign_ups where id = any (array(
       select id from sign_ups where email = $1 order by id for update))`,
    [email],
  );
  const userId = parseUserId(newId());
  const made = await rows(
    `insert into users (id, email, username, display_name, platform_admin, email_verified_at)
     values ($1, $2, $3, $4, $5, stack_now()) on conflict do nothing returning id`,
    [userId, email, username, displayName, platformAdmin],
  );
  if (made.length === 0) {
    const known = await rows('select from users where email = $1', [email]);
    return { kind: 'taken', what: known.length > 0 ? 'address' : 'user name' };
  }
  await rows('insert into credentials (user_id, password_hash) values ($1, $2)', [userId, passwordHash]);
  return { kind: 'made', userId };
}
