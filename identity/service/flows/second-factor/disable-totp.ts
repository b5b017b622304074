import type { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { changeWithCode } from './change-with-code.js';
import type { codeInput } from './confirm-totp.js';
import { mailAboutFactor } from './factor-mails.js';

/**
 * Turns the second factor off, by a code of it or a recovery code. Ends the person's other sessions, and tells them. Throws
 * `FreshSignInNeeded`, and `BadUserInput` for a code that does not work.
 */
export async function disableTotp(
  { code }: z.output<typeof codeInput>,
  self: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const { userId, sessionId, tenantId } = self;
  const action = 'identity.disable-totp';
  await changeWithCode({ action, code, self, origin }, deps, async (rows) => {
    await rows('delete from recovery_codes where user_id = $1', [userId]);
    await rows('delete from totp_factors where user_id = $1', [userId]);
    await mailAboutFactor(rows, deps.seal, userId, 'second-factor-disabled');
    await appendAudit(rows, { tenantId, origin, action, outcome: 'success' });
    await endSessionsOf(rows, { userId, keep: sessionId });
  });
}
