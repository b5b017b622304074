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
 * Holds password and second factor of a person still until the transaction ends, for a new session of theirs, of which
 * there may be many at once. Who changes how they sign in or what they may do locks the person first (`lockPerson`) and ends
 * their sessions afterwards: the new one is then either among those or sees the change.
 */
export async function holdCredential(rows: Rows, userId: UserId): Promise<HeldCredential> {
  await rows('select from users where id = $1 for share', [userId]);
  // Statements of their own: they see what was committed while the lock was waited for.
  const [credential] = await rows<{ changed_at: Date }>(
    'select changed_at from credentials where user_id = $1 for share',
    [userId],
  );
  return { passwordChangedAt: credential?.changed_at ?? null, hasFactor: await hasFactor(rows, userId) };
}

/** Whether a person still signs in as they did when somebody looked. */
export const isHeld = (held: HeldCredential, seen: HeldCredential): boolean =>
  held.passwordChangedAt?.getTime() === seen.passwordChangedAt?.getTime() && held.hasFactor === seen.hasFactor;
