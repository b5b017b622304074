import type { Seal } from '../../store/seal.js';
import type { Rows } from '../../store/system-database.js';
import type { FactorTry } from './claim-factor-try.js';
import type { FactorCode } from './factor-code.js';
import { stepOf, totpSealName } from './totp.js';

/**
 * Spends a right code, once, in the transaction of what it is for: a time step is accepted only after the one accepted
 * last, a recovery code only while it is unused. Answers the methods it proves (RFC 8176); null: a wrong one.
 */
export async function spendCode(
  rows: Rows,
  seal: Seal,
  { userId, sealedSecret, now }: FactorTry,
  code: FactorCode,
): Promise<readonly string[] | null> {
  if (code.kind === 'otp') {
    const step = stepOf(seal.open(totpSealName(userId), sealedSecret), code.digits, now);
    if (step === null) return null;
    const accepted = await rows(
      `update totp_factors set last_step = $3, failures = 0, locked_until = null
       where user_id = $1 and sealed_secret = $2 and last_step < $3 returning user_id`,
      [userId, sealedSecret, step],
    );
    return accepted.length > 0 ? ['otp', 'mfa'] : null;
  }
  const used = await rows(
    `with used as (
       update recovery_codes set used_at = stack_now() where user_id = $1 and hash = $2 and used_at is null
       returning user_id)
     update totp_factors f set failures = 0, locked_until = null from used where f.user_id = used.user_id
     returning f.user_id`,
    [userId, code.hash],
  );
  return used.length > 0 ? ['mfa'] : null;
}
