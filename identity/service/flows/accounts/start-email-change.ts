import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { accountExistsMail, changeEmailMail, emailChangeAskedMail } from '../../mail/account-mails.js';
import { mayMail, queueLimitedMail } from '../../mail/queue-limited-mail.js';
import { queueMail } from '../../mail/queue-mail.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import { issueOneTimeToken } from '../../tokens/one-time-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals } from '../refusals.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { emailText } from './account-texts.js';
import { findUser } from './find-user.js';
import { ACCEPTED } from './register.js';
import { lockPerson } from './lock-person.js';
import type { Self } from './require-self.js';

export const startEmailChangeInput = z.strictObject({ email: emailText });

const CONFIRM_MINUTES = 60;
/** Nobody fills other people's mailboxes with it. */
const ATTEMPTS = { attempts: 10, windowSeconds: 3_600 };

/**
 * Mails a link to the new address, which is the person's once it is opened, and word of it to the one they have. To the
 * owner of another account it mails that they have one; the answer is the same. Throws `FreshSignInNeeded`, `RateLimited`.
 */
export async function startEmailChange(
  { email }: z.output<typeof startEmailChangeInput>,
  { userId, sessionId, tenantId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<typeof ACCEPTED> {
  const { db, seal, publicUrl } = deps;
  const audited = { tenantId, origin, action: 'identity.start-email-change' };
  return auditRefusals(audited, deps, async () => {
    await assertFreshSignIn(sessionId, deps);
    await requireAttempts(db.rows, [{ counted: `change-email:${userId}`, ...ATTEMPTS }]);
    const owner = await findUser(db, email);
    await db.transaction(async (rows) => {
      const person = await lockPerson(rows, userId);
      if (owner) await queueLimitedMail(rows, seal, accountExistsMail({ recipient: email }));
      else if (await mayMail(rows, { recipient: email, kind: 'change-email' })) {
        const issued = { purpose: 'change-email', subject: userId, email, minutes: CONFIRM_MINUTES } as const;
        const token = await issueOneTimeToken(rows, issued);
        await queueMail(rows, seal, changeEmailMail({ recipient: email, publicUrl, token }));
      }
      if (person) await queueLimitedMail(rows, seal, emailChangeAskedMail({ recipient: person.email }));
      // In no tenant's chain: its administrators would read there which addresses have an account.
      await appendAudit(rows, {
        ...audited,
        tenantId: null,
        outcome: owner ? 'refused' : 'success',
        ...(owner && { reason: 'the address has an account' }),
        subject: { type: 'User', id: userId },
        personal: { userId, data: { email } },
      });
    });
    return ACCEPTED;
  });
}
