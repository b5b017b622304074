import type { UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { passwordChangedMail } from '../../mail/account-mails.js';
import { queueLimitedMail } from '../../mail/queue-limited-mail.js';
import { newPasswordText } from '../../passwords/password-policy.js';
import { claimOneTimeToken, peekOneTimeToken } from '../../tokens/one-time-tokens.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals } from '../refusals.js';
import { linkTokenText } from './account-texts.js';
import { linkRefused } from './link-refused.js';
import { passwordFor } from './password-for.js';
import { lockPerson } from './lock-person.js';
import { replacePassword } from './replace-password.js';

export const resetPasswordInput = z.strictObject({ token: linkTokenText, password: newPasswordText });

const ACTION = 'identity.reset-password';

/**
 * Sets the password of whoever has the link, once, while the account has the address it was sent to; ends all sessions and
 * tells the owner. It signs nobody in, and asks for the second factor no less than before. Throws `LinkRefused`,
 * `TooManySignIns`, and `BadUserInput` for a password that is easy to guess; the link goes on working then.
 */
export async function resetPassword(
  { token, password }: z.output<typeof resetPasswordInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const { db, passwords, seal, securityEvent } = deps;
  const refusing = { tenantId: null, origin, action: ACTION, toldAs: 'password reset refused' } as const;
  await auditRefusals(refusing, deps, async () => {
    const found = await peekOneTimeToken(db.rows, 'reset-password', token);
    if (!found) throw linkRefused();
    const userId = found.subject as UserId;
    const hash = await passwords.hash(await passwordFor(userId, password, 'input.password', deps));
    await db.transaction(async (rows) => {
      const person = await lockPerson(rows, userId);
      const claimed = await claimOneTimeToken(rows, 'reset-password', token);
      if (!person?.active || claimed?.email !== person.email) throw linkRefused(userId);
      await replacePassword(rows, { userId, hash, replaces: null });
      // Whoever can read the mailbox has proved the address; whoever had a device of the account has to prove it again.
      await rows('update users set email_verified_at = coalesce(email_verified_at, stack_now()) where id = $1', [
        userId,
      ]);
      await rows('delete from known_devices where user_id = $1', [userId]);
      await queueLimitedMail(rows, seal, passwordChangedMail({ recipient: person.email }));
      await appendAudit(rows, {
        tenantId: null,
        origin: { ...origin, actor: { kind: 'user', id: userId } },
        action: ACTION,
        outcome: 'success',
        subject: { type: 'User', id: userId },
      });
      await endSessionsOf(rows, { userId, keep: null });
    });
    securityEvent('password reset done', { userId });
  });
}
