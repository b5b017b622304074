import type { TenantId, UserId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import { hashOf } from '../../tokens/refresh-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { keepRefusal } from '../refusals.js';
import { claimFactorTry, type FactorTry } from '../second-factor/claim-factor-try.js';
import { factorCode, type FactorCode } from '../second-factor/factor-code.js';
import { refuseCode } from '../second-factor/refuse-code.js';
import { spendCode } from '../second-factor/spend-code.js';
import { authTokens, refused, type AuthOutcome } from './auth-tokens.js';
import { holdCredential } from './hold-credential.js';
import { openAuditedSession, type OpenedSession } from './open-audited-session.js';
import { refuseSignIn } from './refuse-sign-in.js';
import { deviceTokenInput } from './sign-in.js';

const challengeText = plainText({ min: 1, max: 200 });

export const completeSignInInput = z
  .strictObject({ challenge: challengeText, code: factorCode, deviceToken: deviceTokenInput })
  .transform((input) => ({ ...input, deviceToken: input.deviceToken ?? null }));

/** The same at `POST /auth/login`, where a code is called as it is beside a password. */
export const completeLoginInput = z
  .strictObject({ challenge: challengeText, totp: factorCode })
  .transform(({ challenge, totp }) => ({ challenge, code: totp, deviceToken: null }));

export type CompleteSignIn = z.output<typeof completeSignInInput>;

/** After so many wrong codes the password is asked for again. */
const CHALLENGE_TRIES = 5;

interface ClaimedChallenge {
  readonly userId: UserId;
  readonly tenantId: TenantId;
  readonly scopes: readonly string[] | null;
}

/**
 * Turns half a sign-in into a session, with a code of the second factor. Tries are counted at the challenge and at the
 * factor before the code is looked at. Whatever is wrong is one refusal.
 */
export async function completeSignIn(
  { challenge, code, deviceToken }: CompleteSignIn,
  origin: Origin,
  deps: FlowDeps,
): Promise<AuthOutcome> {
  const { db, securityEvent } = deps;
  const hash = hashOf(challenge);
  const claimed = await claimChallenge(hash, deps);
  if (!claimed) {
    const reason = 'no such challenge, or it is over';
    securityEvent('second factor refused', { reason });
    await keepRefusal({ tenantId: null, origin, action: 'identity.sign-in' }, { reason }, deps);
    return refused;
  }
  const { userId, tenantId } = claimed;
  const tried = await claimFactorTry(db.rows, userId);
  if (!tried) return refuseSignIn({ reason: 'the second factor is locked', userId, login: null }, origin, deps);
  const opened = await openProved({ hash, claimed, tried, code, deviceToken }, origin, deps);
  if (!opened) {
    await refuseCode({ action: 'identity.sign-in', tenantId, tried }, origin, deps);
    return refused;
  }
  const accessToken = await deps.issueAccessToken(opened.sessionId);
  if (!accessToken)
    return refuseSignIn({ reason: 'the membership ended meanwhile', userId, login: null }, origin, deps);
  securityEvent('second factor accepted', { userId, tenantId });
  securityEvent('sign-in granted', { userId, tenantId, sessionId: opened.sessionId });
  const tokens = { ...authTokens(accessToken, opened.refreshToken), deviceToken: opened.deviceToken };
  return { kind: 'granted', tokens };
}

async function claimChallenge(hash: Buffer, { db }: FlowDeps): Promise<ClaimedChallenge | null> {
  const [claimed] = await db.rows<ClaimedChallenge>(
    `update sign_in_challenges set failures = failures + 1
     where hash = $1 and failures < ${CHALLENGE_TRIES} and expires_at > stack_now()
     returning user_id as "userId", tenant_id as "tenantId", scopes`,
    [hash],
  );
  return claimed ?? null;
}

interface Proof {
  readonly hash: Buffer;
  readonly claimed: ClaimedChallenge;
  readonly tried: FactorTry;
  readonly code: FactorCode;
  readonly deviceToken: string | null;
}

/** null: a wrong code, or the challenge went meanwhile: it was completed, or the password or the factor was changed. */
const openProved = (
  { hash, claimed: { userId, tenantId, scopes }, tried, code, deviceToken }: Proof,
  origin: Origin,
  { db, seal }: FlowDeps,
): Promise<OpenedSession | null> =>
  db.transaction(async (rows) => {
    await holdCredential(rows, userId);
    const open = await rows('select from sign_in_challenges where hash = $1 for update', [hash]);
    const methods = open.length > 0 ? await spendCode(rows, seal, tried, code) : null;
    if (!methods) return null;
    await rows('delete from sign_in_challenges where hash = $1', [hash]);
    return openAuditedSession(rows, { tenantId, userId, amr: ['pwd', ...methods], scopes, deviceToken }, origin);
  });
