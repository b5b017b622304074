import { Conflict, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { emailChangedMail } from '../../mail/account-mails.js';
import { queueLimitedMail } from '../../mail/queue-limited-mail.js';
import { isDuplicate } from '../../store/system-database.js';
import { claimOneTimeToken, peekOneTimeToken, voidTokensOfPerson } from '../../tokens/one-time-tokens.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { linkTokenText } from './account-texts.js';
import { linkRefused } from './link-refused.js';
import { lockPerson } from './lock-person.js';

export const confirmEmailChangeInput = z.strictObject({ token: linkTokenText });

const ACTION = 'identity.confirm-email-change';

/**
 * Gives the account the address the link was sent to; tells the old one, voids links that went there, and ends every
 * session but the one it is opened in. It needs no session, because mail apps open links in a browser of their own; but
 * nobody who is signed in as somebody else gives their address away with it. Throws `LinkRefused`, and `Conflict` when
 * another account has got the address meanwhile: whoever has the link owns the address, and may know.
 */
export async function confirmEmailChange(
  { token }: z.output<typeof confirmEmailChangeInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<{ email: string }> {
  const { db, seal } = deps;
  return auditRefusals({ tenantId: null, origin, action: ACTION }, deps, async () => {
    const found = await peekOneTimeToken(db.rows, 'change-email', token);
    if (!found) throw linkRefused();
    const userId = found.subject as UserId;
    if (origin.actor.kind !== 'anonymous' && origin.actor.id !== userId)
      throw linkRefused(userId, "opened in another person's session");
    const subject = { type: 'User', id: userId };
    try {
      return await db.transaction(async (rows) => {
        const before = await lockPerson(rows, userId);
        const claimed = await claimOneTimeToken(rows, 'change-email', token);
        if (!before?.active || !claimed) throw linkRefused(userId);
        const { email } = claimed;
        await rows(
          'update users set email = $2, email_verified_at = stack_now(), updated_at = stack_now() where id = $1',
          [userId, email],
        );
        await voidTokensOfPerson(rows, userId);
        await queueLimitedMail(rows, seal, emailChangedMail({ recipient: before.email }));
        await appendAudit(rows, {
          tenantId: null,
          origin: { ...origin, actor: { kind: 'user', id: userId } },
          action: ACTION,
          outcome: 'success',
          subject,
          personal: { userId, data: { before: before.email, email } },
        });
        await endSessionsOf(rows, { userId, keep: origin.sessionId });
        return { email };
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      const taken = new Conflict('This address has an account already: sign in with it.');
      throw new Refusal(taken, 'the address has another account by now', subject);
    }
  });
}
