import type { UserId } from '@inevitable/contract';
import type { SystemDatabase } from '../../store/system-database.js';

/** What a person sees of their own second factor. */
export interface SecondFactor {
  readonly since: Date;
  readonly recoveryCodesLeft: number;
}

/** null: the password alone signs in. */
export async function findFactor({ rows }: SystemDatabase, userId: UserId): Promise<SecondFactor | null> {
  const [factor] = await rows<SecondFactor>(
    `select confirmed_at as since,
       (select count(*)::int from recovery_codes where user_id = $1 and used_at is null) as "recoveryCodesLeft"
     from totp_factors where user_id = $1 and confirmed_at is not null`,
    [userId],
  );
  return factor ?? null;
}
