import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { audited, auditRefusals, Refusal } from '../refusals.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';
import { claimFactorTry } from './claim-factor-try.js';
import type { FactorCode } from './factor-code.js';
import { refuseCode } from './refuse-code.js';
import { spendCode } from './spend-code.js';
import { wrongCode } from './wrong-code.js';

export interface ChangeWithCode {
  readonly action: string;
  readonly code: FactorCode;
  readonly self: Self;
  readonly origin: Origin;
}

/**
 * Changes a person's second factor, for a code of it and after a fresh sign-in; `change` appends its success to the audit.
 * Tries are counted as at sign-in. Throws `FreshSignInNeeded`, and `BadUserInput` for a code that does not work.
 */
export async function changeWithCode<T>(
  { action, code, self: { userId, sessionId, tenantId }, origin }: ChangeWithCode,
  deps: FlowDeps,
  change: (rows: Rows) => Promise<T>,
): Promise<T> {
  const { db, seal, securityEvent } = deps;
  return auditRefusals({ tenantId, origin, action }, deps, async () => {
    await assertFreshSignIn(sessionId, deps);
    const tried = await claimFactorTry(db.rows, userId);
    if (!tried) throw new Refusal(wrongCode(), 'the second factor is locked, or there is none');
    const outcome = await db.transaction(async (rows) => {
      await lockPerson(rows, userId);
      return (await spendCode(rows, seal, tried, code)) ? { changed: await change(rows) } : null;
    });
    if (!outcome) {
      await refuseCode({ action, tenantId, tried }, origin, deps);
      throw audited(wrongCode());
    }
    securityEvent('second factor changed', { action, userId, tenantId });
    return outcome.changed;
  });
}
