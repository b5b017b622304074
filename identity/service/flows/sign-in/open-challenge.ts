import { randomBytes } from 'node:crypto';
import type { TenantId, UserId } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { hashOf } from '../../tokens/refresh-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import type { Challenge } from './auth-tokens.js';
import { holdCredential, isHeld } from './hold-credential.js';

/** Long enough to find a telephone; who needs longer signs in again. */
const CHALLENGE_SECONDS = 300;

export interface HalfSignIn {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** Of the password that was right. */
  readonly passwordChangedAt: Date | null;
  readonly scopes: readonly string[] | null;
}

/**
 * Half a sign-in, to be completed within 5 minutes: 256 random bits, stored hashed. null: the password or the second factor
 * was changed since the password was compared.
 */
export async function openChallenge(
  { tenantId, userId, passwordChangedAt, scopes }: HalfSignIn,
  origin: Origin,
  { db, securityEvent }: FlowDeps,
): Promise<Challenge | null> {
  const challenge = randomBytes(32).toString('base64url');
  const isOpen = await db.transaction(async (rows) => {
    if (!isHeld(await holdCredential(rows, userId), { passwordChangedAt, hasFactor: true })) return false;
    await rows('delete from sign_in_challenges where user_id = $1 and expires_at <= stack_now()', [userId]);
    await rows(
      `insert into sign_in_challenges (hash, user_id, tenant_id, scopes, expires_at)
       values ($1, $2, $3, $4, stack_now() + make_interval(secs => ${CHALLENGE_SECONDS}))`,
      [hashOf(challenge), userId, tenantId, scopes],
    );
    await appendAudit(rows, {
      tenantId,
      origin: { ...origin, actor: { kind: 'user', id: userId } },
      action: 'identity.challenge-sign-in',
      outcome: 'success',
    });
    return true;
  });
  if (!isOpen) return null;
  securityEvent('sign-in challenged', { userId, tenantId });
  return { challenge, expiresIn: CHALLENGE_SECONDS };
}
