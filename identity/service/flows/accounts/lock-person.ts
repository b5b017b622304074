import type { Rows } from '../../store/system-database.js';

/**
 * The person's row, locked until the commit: the first lock of every change of a password or an address.
 * A sign-in shares it, and so is either among the sessions that the change ends or sees the change.
 */
export async function lockPerson(rows: Rows, userId: string): Promise<{ email: string; active: boolean } | null> {
  const [person] = await rows<{ email: string; active: boolean }>(
    `select email, status = 'active' as active from users where id = $1 for update`,
    [userId],
  );
  return person ?? null;
}
