import { assertNever, type SessionId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { claimRefreshToken, sessionOfRefreshToken } from '../../tokens/refresh-tokens.js';
import { endSession } from '../../tokens/end-sessions.js';
import { authTokens, refused, type AuthOutcome } from './auth-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { keepRefusal } from '../refusals.js';

export const refreshInput = z.strictObject({ refreshToken: plainText({ min: 1, max: 200 }) });

const ACTION = 'identity.refresh-session';

/** Trades a refresh token for a fresh pair (rotation: RFC 9700, section 4.14.2). What is refused is in the audit. */
export async function refreshSession(
  { refreshToken }: z.output<typeof refreshInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<AuthOutcome> {
  const { db, issueAccessToken, securityEvent } = deps;
  const refuse = async (reason: string, of?: SessionId): Promise<AuthOutcome> => {
    const subject = of && { type: 'Session', id: of };
    await keepRefusal({ tenantId: null, origin, action: ACTION }, { reason, ...(subject && { subject }) }, deps);
    return refused;
  };
  const claim = await claimRefreshToken(db, refreshToken);
  switch (claim.kind) {
    case 'unknown':
      return refuse('an unknown refresh token, or one that is over');
    case 'replayed': // a stale copy exists and we cannot tell who holds it: end them all
      securityEvent('refresh token replayed', { sessionId: claim.sessionId, tenantId: claim.tenantId });
      await db.transaction(async (rows) => {
        await appendAudit(rows, {
          tenantId: claim.tenantId,
          origin: { ...origin, sessionId: claim.sessionId },
          action: ACTION,
          outcome: 'refused',
          reason: 'a spent refresh token was presented: its session is ended',
          subject: { type: 'Session', id: claim.sessionId },
        });
        await endSession(rows, claim.sessionId);
      });
      return refused;
    case 'raced': // two tabs of one person: no second lineage of refresh tokens
    case 'fresh': {
      const accessToken = (await issueAccessToken(claim.sessionId)) ?? (await underNewId(claim.sessionId));
      if (!accessToken) return refuse('the session, its person or its tenant is over', claim.sessionId);
      return { kind: 'granted', tokens: authTokens(accessToken, claim.kind === 'fresh' ? claim.successor : undefined) };
    }
    default:
      return assertNever(claim);
  }

  /** Where the session got another id since the claim, because what its person may do has changed. */
  async function underNewId(before: SessionId): Promise<string | null> {
    const session = await sessionOfRefreshToken(db, refreshToken);
    return session && session.sessionId !== before ? issueAccessToken(session.sessionId) : null;
  }
}
