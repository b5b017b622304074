import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { factorCode } from './factor-code.js';
import { mailAboutFactor } from './factor-mails.js';
import { replaceRecoveryCodes } from './recovery-codes.js';
import { stepOf, totpSealName } from './totp.js';
import { wrongCode } from './wrong-code.js';

export const codeInput = z.strictObject({ code: factorCode });

/** A secret that was shown and never used is forgotten after so long. */
const ENROLMENT_MINUTES = 15;

/**
 * Turns the second factor on, by a code of the enrolled secret: from now on it is asked for. Ends the person's other
 * sessions, tells them, and answers the recovery codes, this once. Throws `FreshSignInNeeded`, and `BadUserInput` for a
 * code that is not of the enrolled secret.
 */
export async function confirmTotp(
  { code }: z.output<typeof codeInput>,
  { userId, sessionId, tenantId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<readonly string[]> {
  const { db, seal, securityEvent } = deps;
  const action = 'identity.confirm-totp';
  return auditRefusals({ tenantId, origin, action }, deps, async () => {
    await assertFreshSignIn(sessionId, deps);
    const codes = await db.transaction(async (rows) => {
      await lockPerson(rows, userId);
      const [enrolled] = await rows<{ sealed_secret: Buffer; now: Date }>(
        `select sealed_secret, stack_now() as now from totp_factors
         where user_id = $1 and confirmed_at is null
           and created_at > stack_now() - interval '${ENROLMENT_MINUTES} minutes' for update`,
        [userId],
      );
      if (!enrolled) throw new Refusal(wrongCode(), 'nothing is enrolled');
      const secret = seal.open(totpSealName(userId), enrolled.sealed_secret);
      const step = code.kind === 'otp' ? stepOf(secret, code.digits, enrolled.now) : null;
      if (step === null) throw new Refusal(wrongCode(), 'wrong code');
      await rows(
        `update totp_factors set confirmed_at = stack_now(), last_step = $2, failures = 0, locked_until = null
         where user_id = $1`,
        [userId, step],
      );
      const recoveryCodes = await replaceRecoveryCodes(rows, userId);
      await mailAboutFactor(rows, seal, userId, 'second-factor-enabled');
      await appendAudit(rows, { tenantId, origin, action, outcome: 'success' });
      await endSessionsOf(rows, { userId, keep: sessionId });
      return recoveryCodes;
    });
    securityEvent('second factor changed', { action, userId, tenantId });
    return codes;
  });
}
