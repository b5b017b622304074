import type { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { changeWithCode } from './change-with-code.js';
import type { codeInput } from './confirm-totp.js';
import { mailAboutFactor } from './factor-mails.js';
import { replaceRecoveryCodes } from './recovery-codes.js';

/**
 * New recovery codes in place of all others, shown this once, and the person is told. Throws `FreshSignInNeeded`, and
 * `BadUserInput` for a code that does not work.
 */
export async function regenerateRecoveryCodes(
  { code }: z.output<typeof codeInput>,
  self: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<readonly string[]> {
  const { userId, tenantId } = self;
  const action = 'identity.regenerate-recovery-codes';
  return changeWithCode({ action, code, self, origin }, deps, async (rows) => {
    const codes = await replaceRecoveryCodes(rows, userId);
    await mailAboutFactor(rows, deps.seal, userId, 'recovery-codes-replaced');
    await appendAudit(rows, { tenantId, origin, action, outcome: 'success' });
    return codes;
  });
}
