import type { TenantId } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import { FACTOR_TRIES, type FactorTry } from './claim-factor-try.js';
import { mailAboutFactor } from './factor-mails.js';

export interface RefusedCode {
  /** What the code was for. */
  readonly action: string;
  readonly tenantId: TenantId;
  readonly tried: FactorTry;
}

/** A wrong code is kept in the audit; the person hears of the one that locked the factor. */
export async function refuseCode(
  { action, tenantId, tried: { userId, failures } }: RefusedCode,
  origin: Origin,
  { db, seal, securityEvent }: FlowDeps,
): Promise<void> {
  const locked = failures >= FACTOR_TRIES;
  await db.transaction(async (rows) => {
    if (locked) await mailAboutFactor(rows, seal, userId, 'second-factor-locked');
    await appendAudit(rows, {
      tenantId,
      origin,
      action,
      outcome: 'refused',
      reason: locked ? 'wrong second factor: it is locked now' : 'wrong second factor',
      subject: { type: 'User', id: userId },
    });
  });
  securityEvent(locked ? 'second factor locked' : 'second factor refused', { userId, tenantId, failures });
}
