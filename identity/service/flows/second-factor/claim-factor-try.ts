import type { UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

/** Wrong codes in a row after which the factor is locked, and for how long: 3 codes of a million hold at any moment. */
export const FACTOR_TRIES = 10;
const LOCK_MINUTES = 15;

/** One look at a person's codes; it is counted already. */
export interface FactorTry {
  readonly userId: UserId;
  readonly sealedSecret: Buffer;
  /** Wrong codes in a row, if this one is wrong. */
  readonly failures: number;
  /** The database's, by which codes are made and tests advance. */
  readonly now: Date;
}

export async function hasFactor(rows: Rows, userId: UserId): Promise<boolean> {
  return (await rows('select from totp_factors where user_id = $1 and confirmed_at is not null', [userId])).length > 0;
}

/**
 * Counts a try before the code is looked at, in one statement of its own transaction, so that parallel guesses never pass
 * the limit and no rollback takes one back; the right code begins anew. null: the factor is locked, or there is none.
 */
export async function claimFactorTry(rows: Rows, userId: UserId): Promise<FactorTry | null> {
  const [claimed] = await rows<FactorTry>(
    `update totp_factors set
       failures = case when locked_until is null then failures + 1 else 1 end,
       locked_until = case when locked_until is null and failures + 1 >= ${FACTOR_TRIES}
         then stack_now() + interval '${LOCK_MINUTES} minutes' end
     where user_id = $1 and confirmed_at is not null and (locked_until is null or locked_until <= stack_now())
     returning user_id as "userId", sealed_secret as "sealedSecret", failures, stack_now() as now`,
    [userId],
  );
  return claimed ?? null;
}
