import type { TenantId, UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { resetPasswordMail } from '../../mail/account-mails.js';
import { mayMail } from '../../mail/queue-limited-mail.js';
import { queueMail } from '../../mail/queue-mail.js';
import { issueOneTimeToken } from '../../tokens/one-time-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { emailText } from './account-texts.js';
import { claimAsking } from './claim-asking.js';
import { ACCEPTED } from './register.js';

export const startPasswordResetInput = z.strictObject({ email: emailText });

/** The person themselves by their address; or by their id, an administrator of a tenant they have been found in. */
export type PasswordResetStart =
  | { readonly email: string }
  | {
      readonly userId: UserId;
      /** The administrator's, whose audit has it; left out: no tenant's. */
      readonly tenantId?: TenantId;
    };

const RESET_MINUTES = 30;

interface Person {
  readonly id: UserId;
  readonly email: string;
}

/**
 * Mails a link with which a new password can be chosen within 30 minutes. The answer is the same for an unknown or disabled
 * person, and where too many such mails went to the address. Links that were sent before go on working, so that nobody can
 * void another's by asking for more. Throws `RateLimited`.
 */
export async function startPasswordReset(
  start: PasswordResetStart,
  origin: Origin,
  { db, seal, publicUrl, securityEvent }: Pick<FlowDeps, 'db' | 'seal' | 'publicUrl' | 'securityEvent'>,
): Promise<typeof ACCEPTED> {
  const byId = 'userId' in start;
  if (!byId) await claimAsking(origin, db);
  const [person] = await db.rows<Person>(
    `select id, email from users where ${byId ? 'id' : 'email'} = $1 and status = 'active'`,
    [byId ? start.userId : start.email],
  );
  await db.transaction(async (rows) => {
    // Counted for an unknown address as well: the work is the same as far as it goes.
    const recipient = person?.email ?? (byId ? start.userId : start.email);
    const mailed = (await mayMail(rows, { recipient, kind: 'reset-password' })) && person !== undefined;
    if (mailed) {
      const issued = {
        purpose: 'reset-password',
        subject: person.id,
        email: person.email,
        minutes: RESET_MINUTES,
      } as const;
      const token = await issueOneTimeToken(rows, issued);
      await queueMail(rows, seal, resetPasswordMail({ recipient, publicUrl, token }));
    }
    await appendAudit(rows, {
      tenantId: (byId && start.tenantId) || null,
      origin,
      action: 'identity.start-password-reset',
      outcome: mailed ? 'success' : 'refused',
      ...(!mailed && { reason: person ? 'too many mails to this address' : 'no such active person' }),
      ...(person && { subject: { type: 'User', id: person.id } }),
      ...(!byId && { personal: { userId: person?.id ?? null, data: { email: start.email } } }),
    });
  });
  securityEvent('password reset asked', { userId: person?.id ?? null });
  return ACCEPTED;
}
