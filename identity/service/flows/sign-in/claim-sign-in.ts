import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { claimAttempts } from '../../throttling/claim-attempts.js';
import { RateLimited } from '../../throttling/rate-limited.js';
import { findKnownDevice } from '../../tokens/known-devices.js';
import type { FlowDeps } from '../flow-deps.js';
import { audited } from '../refusals.js';
import { signInAttempts, throttledAudit, type SignInAttempts } from './sign-in-attempts.js';

/** Counts a sign-in before anything is computed for it. Throws `RateLimited`, for a known login as for an unknown one. */
export async function claimSignIn(
  login: string,
  deviceToken: string | null,
  origin: Origin,
  { db, securityEvent }: FlowDeps,
): Promise<SignInAttempts> {
  const { address } = origin.client;
  const device = deviceToken === null ? null : await findKnownDevice(db.rows, login, deviceToken);
  const attempts = signInAttempts(login, device, address);
  const claim = await claimAttempts(db.prepared, attempts.all);
  if (claim.kind === 'claimed') return attempts;
  const isFirst = (await claimAttempts(db.rows, [throttledAudit(login, address)])).kind === 'claimed';
  securityEvent('sign-in throttled', { knownDevice: device !== null }, isFirst);
  if (isFirst) {
    await appendAudit(db.rows, {
      tenantId: null,
      origin,
      action: 'identity.sign-in',
      outcome: 'refused',
      reason: 'too many attempts; further ones of this window are in the log alone',
      personal: { userId: null, data: { login } },
    });
  }
  throw audited(new RateLimited(claim.retryAfterSeconds));
}
