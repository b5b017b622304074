import type { UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';
import { hasFactor } from '../second-factor/claim-factor-try.js';

/** How a person signs in, as it is until the end of the transaction. */
export interface HeldCredential {
  /** null: the person has no password. */
  readonly passwordChangedAt: Date | null;
  readonly hasFactor: boolean;
}

/**
 * Holds password and second factor of a person still until the transaction ends. Who changes them locks the person first
 * and ends their sessions afterwards: a sign-in under way is then either among those or sees the change. `share` for
 * sign-ins, which may be many at once; `update` for changes.
 */
export async function holdCredential(rows: Rows, userId: UserId, lock: 'share' | 'update'): Promise<HeldCredential> {
  await rows(`select from users where id = $1 for ${lock}`, [userId]);
  // Statements of their own: they see what was committed while the lock was waited for.
  const [credential] = await rows<{ changed_at: Date }>(
    'select changed_at from credentials where user_id = $1 for share',
    [userId],
  );
  return { passwordChangedAt: credential?.changed_at ?? null, hasFactor: await hasFactor(rows, userId) };
}
