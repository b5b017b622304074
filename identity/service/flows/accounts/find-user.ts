import type { UserId } from '@inevitable/contract';
import type { SystemDatabase } from '../../store/system-database.js';

export interface UserFound {
  readonly id: UserId;
  readonly active: boolean;
  /** null: this person has no password. */
  readonly passwordHash: string | null;
  /** When the person chose it; null where there is none. */
  readonly passwordChangedAt: Date | null;
}

/** By canonical e-mail address or user name: a user name has no `@`, so the two cannot be confused. */
export async function findUser({ rows }: SystemDatabase, login: string): Promise<UserFound | null> {
  const [user] = await rows<UserFound>(
    `select u.id, u.status = 'active' as active, c.password_hash as "passwordHash",
       c.changed_at as "passwordChangedAt"
     from users u left join credentials c on c.user_id = u.id where u.email = $1 or u.username = $1`,
    [login],
  );
  return user ?? null;
}
