import type { UserId } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { refused, type AuthOutcome } from './auth-tokens.js';

export interface RefusedSignIn {
  readonly reason: string;
  readonly userId: UserId | null;
  /** As it was counted; null where the password held already, and nobody typed one. */
  readonly login: string | null;
}

/** Log and audit learn why; the answer does not say it. */
export async function refuseSignIn(
  { reason, userId, login }: RefusedSignIn,
  origin: Origin,
  { db, securityEvent }: FlowDeps,
): Promise<AuthOutcome> {
  securityEvent('sign-in refused', { reason, userId });
  await appendAudit(db.rows, {
    tenantId: null,
    origin,
    action: 'identity.sign-in',
    outcome: 'refused',
    reason,
    ...(userId && { subject: { type: 'User', id: userId } }),
    ...(login !== null && { personal: { userId, data: { login } } }),
  });
  return refused;
}
