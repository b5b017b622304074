import { BadUserInput } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { passwordChangedMail } from '../../mail/account-mails.js';
import { queueLimitedMail } from '../../mail/queue-limited-mail.js';
import { newPasswordText } from '../../passwords/password-policy.js';
import { passwordText } from '../../passwords/passwords.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { passwordFor } from './password-for.js';
import { lockPerson } from './lock-person.js';
import { replacePassword } from './replace-password.js';
import type { Self } from './require-self.js';

export const changePasswordInput = z.strictObject({ currentPassword: passwordText, newPassword: newPasswordText });

/** Whoever finds a signed-in screen does not guess the password at it. */
const ATTEMPTS = { attempts: 10, windowSeconds: 3_600 };

/**
 * Sets the password of a person who knows the one they have, ends their other sessions, and tells them. Throws
 * `BadUserInput` for a wrong current password and for a new one that is easy to guess, `RateLimited`, `TooManySignIns`.
 */
export async function changePassword(
  { currentPassword, newPassword }: z.output<typeof changePasswordInput>,
  { userId, sessionId, tenantId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const { db, passwords, seal } = deps;
  const subject = { type: 'User', id: userId };
  const audited = { tenantId, origin, action: 'identity.change-password' };
  const wanted = await passwordFor(userId, newPassword, 'input.newPassword', deps);
  await requireAttempts(db.rows, [{ counted: `change-password:${userId}`, ...ATTEMPTS }]);
  await auditRefusals(audited, deps, async () => {
    const wrong = new Refusal(
      new BadUserInput('That is not your password.', 'input.currentPassword'),
      'wrong current password',
      subject,
    );
    const [known] = await db.rows<{ hash: string; changedAt: Date }>(
      'select password_hash as hash, changed_at as "changedAt" from credentials where user_id = $1',
      [userId],
    );
    if (!(await passwords.verify(known?.hash ?? null, currentPassword)) || !known) throw wrong;
    const hash = await passwords.hash(wanted);
    await db.transaction(async (rows) => {
      const person = await lockPerson(rows, userId);
      if (!person?.active || !(await replacePassword(rows, { userId, hash, replaces: known.changedAt }))) throw wrong;
      await queueLimitedMail(rows, seal, passwordChangedMail({ recipient: person.email }));
      await appendAudit(rows, { ...audited, outcome: 'success', subject });
      await endSessionsOf(rows, { userId, keep: sessionId });
    });
  });
}
