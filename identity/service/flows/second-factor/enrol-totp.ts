import { Conflict } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { newTotpSecret, totpSealName, totpUri } from './totp.js';

export const enrolTotpInput = z.strictObject({ label: plainText({ min: 1, max: 100, singleLine: true }).nullish() });

export interface TotpEnrolment {
  /** Base 32, for typing. */
  readonly secret: string;
  /** The same for a QR code. */
  readonly uri: string;
}

/**
 * A secret for an authenticator app, in place of one that was never confirmed. Nothing is asked for at sign-in until a code
 * of it is. Throws `FreshSignInNeeded`, and `Conflict` while the person has a second factor.
 */
export async function enrolTotp(
  { label }: z.output<typeof enrolTotpInput>,
  { userId, sessionId, tenantId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<TotpEnrolment> {
  const { db, seal } = deps;
  const action = 'identity.enrol-totp';
  const secret = newTotpSecret();
  return auditRefusals({ tenantId, origin, action }, deps, async () => {
    await assertFreshSignIn(sessionId, deps);
    const email = await db.transaction(async (rows) => {
      const enrolled = await rows(
        `insert into totp_factors as f (user_id, sealed_secret) values ($1, $2)
         on conflict (user_id) do update set sealed_secret = excluded.sealed_secret, created_at = stack_now(), last_step = 0
           where f.confirmed_at is null
         returning user_id`,
        [userId, seal.close(totpSealName(userId), secret)],
      );
      if (enrolled.length === 0)
        throw new Refusal(new Conflict('You have a second factor already: disable it first.'), 'there is one already');
      await appendAudit(rows, { tenantId, origin, action, outcome: 'success' });
      const [user] = await rows<{ email: string }>('select email from users where id = $1', [userId]);
      return user!.email;
    });
    return { secret, uri: totpUri(secret, label ?? email) };
  });
}
