import { isOutdatedHash } from '../../passwords/is-outdated-hash.js';
import { TooManySignIns } from '../../passwords/passwords.js';
import type { UserFound } from '../accounts/find-user.js';
import type { FlowDeps } from '../flow-deps.js';

/**
 * Hashes a right password anew when it was stored with parameters below today's: only now is it known. It stays the
 * person's old password, whose other sessions go on. On a machine with too much to do it waits for the next sign-in.
 */
export async function upgradeHash(
  { id, passwordHash }: UserFound,
  password: string,
  { db, passwords }: FlowDeps,
): Promise<void> {
  if (passwordHash === null || !isOutdatedHash(passwordHash)) return;
  try {
    await db.rows('update credentials set password_hash = $3 where user_id = $1 and password_hash = $2', [
      id,
      passwordHash,
      await passwords.hash(password),
    ]);
  } catch (error) {
    if (!(error instanceof TooManySignIns)) throw error;
  }
}
