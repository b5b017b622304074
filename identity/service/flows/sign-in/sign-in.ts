import type { TenantId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import { passwordText, TooManySignIns } from '../../passwords/passwords.js';
import { giveBackAttempts } from '../../throttling/claim-attempts.js';
import type { FlowDeps } from '../flow-deps.js';
import { canonicalLogin } from '../accounts/canonical-login.js';
import { findUser, type UserFound } from '../accounts/find-user.js';
import { claimFactorTry, hasFactor, type FactorTry } from '../second-factor/claim-factor-try.js';
import { factorCode } from '../second-factor/factor-code.js';
import { refuseCode } from '../second-factor/refuse-code.js';
import { spendCode } from '../second-factor/spend-code.js';
import { authTokens, refused, type AuthOutcome } from './auth-tokens.js';
import { claimSignIn } from './claim-sign-in.js';
import { findTenantsOf } from './find-tenants-of.js';
import { holdCredential, isHeld } from './hold-credential.js';
import { openAuditedSession, type OpenedSession } from './open-audited-session.js';
import { openChallenge } from './open-challenge.js';
import { refuseSignIn } from './refuse-sign-in.js';
import { assertKnownScopes, scopesInput } from './scopes-input.js';
import { upgradeHash } from './upgrade-hash.js';

/** What a device keeps of an earlier sign-in. */
export const deviceTokenInput = plainText({ min: 1, max: 200 }).nullish();

/** What REST and GraphQL accept. The longest e-mail address has 254 characters (RFC 5321). */
export const signInInput = z
  .strictObject({
    email: plainText({ min: 1, max: 320 }).nullish(),
    username: plainText({ min: 1, max: 100 }).nullish(),
    password: passwordText,
    tenant: plainText({ min: 1, max: 100 }).nullish(),
    totp: factorCode.nullish(),
    scopes: scopesInput,
    deviceToken: deviceTokenInput,
  })
  .refine(({ email, username }) => (email == null) !== (username == null), {
    path: ['email'],
    message: 'must be given, or "username" instead, and not both',
  })
  .transform(({ email, username, password, tenant, totp, scopes, deviceToken }) => ({
    login: (email ?? username)!,
    password,
    tenant: tenant ?? null,
    totp: totp ?? null,
    scopes: scopes ?? null,
    deviceToken: deviceToken ?? null,
  }));

export type SignIn = z.output<typeof signInInput>;

const CHANGED = 'the password or the second factor was changed meanwhile';

/**
 * Opens a session in one tenant. An unknown person, a wrong password, a disabled person, a tenant that is not theirs, one
 * that is suspended, and a wrong code beside a right password are one refusal, at the price of one Argon2 evaluation each.
 * A right password without the second factor that the person has is answered with a challenge: no code is needed to learn
 * that, so a wrong one sent along need not say more than a wrong password does.
 * Throws `RateLimited`, `TooManySignIns` and `BadUserInput`.
 */
export async function signIn(asked: SignIn, origin: Origin, deps: FlowDeps): Promise<AuthOutcome> {
  const { db, passwords, securityEvent } = deps;
  const login = canonicalLogin(asked.login);
  assertKnownScopes(asked.scopes, deps.permissions());
  const attempts = await claimSignIn(login, asked.deviceToken, origin, deps);
  const refuse = (reason: string, user: UserFound | null) =>
    refuseSignIn({ reason, userId: user?.id ?? null, login }, origin, deps);

  const user = await findUser(db, login);
  let matches: boolean;
  try {
    matches = await passwords.verify(user?.passwordHash ?? null, asked.password);
  } catch (error) {
    if (error instanceof TooManySignIns) await giveBackAttempts(db.rows, attempts.all); // nothing was tried
    throw error;
  }
  if (!user) return refuse('unknown login', null);
  if (!matches) return refuse('wrong password', user);
  if (!user.active) return refuse('disabled', user);

  // Only from here on may an answer say anything about the account: the caller has proved to know its password.
  const tenants = await findTenantsOf(db, user.id, asked.tenant);
  const [tenantId] = tenants;
  if (!tenantId) return refuse('not a member of an active tenant', user);
  await upgradeHash(user, asked.password, deps);
  if (tenants.length > 1) {
    await giveBackAttempts(db.rows, attempts.all);
    return { kind: 'tenantNeeded' };
  }

  let factorTry: FactorTry | null = null;
  if (await hasFactor(db.rows, user.id)) {
    if (!asked.totp) {
      // Counted at the account still: half sign-ins are not to be had without end.
      await giveBackAttempts(db.rows, attempts.ofAddress);
      const { id: userId, passwordChangedAt } = user;
      const half = { tenantId, userId, passwordChangedAt, scopes: asked.scopes };
      const challenge = await openChallenge(half, origin, deps);
      return challenge ? { kind: 'secondFactorNeeded', challenge } : refuse(CHANGED, user);
    }
    factorTry = await claimFactorTry(db.rows, user.id);
    if (!factorTry) return refuse('the second factor is locked', user);
  }
  const opened = await openProved({ user, tenantId, factorTry, asked }, origin, deps);
  if (opened === 'wrong code') {
    await refuseCode({ action: 'identity.sign-in', tenantId, tried: factorTry! }, origin, deps);
    return refused;
  }
  if (opened === 'changed') return refuse(CHANGED, user);
  const accessToken = await deps.issueAccessToken(opened.sessionId);
  if (!accessToken) return refuse('the membership ended meanwhile', user);
  await giveBackAttempts(db.rows, attempts.all);
  if (factorTry) securityEvent('second factor accepted', { userId: user.id, tenantId });
  securityEvent('sign-in granted', { userId: user.id, tenantId, sessionId: opened.sessionId });
  const tokens = { ...authTokens(accessToken, opened.refreshToken), deviceToken: opened.deviceToken };
  return { kind: 'granted', tokens };
}

interface Proved {
  readonly user: UserFound;
  readonly tenantId: TenantId;
  /** null: the person has no second factor. */
  readonly factorTry: FactorTry | null;
  readonly asked: SignIn;
}

const openProved = (
  { user, tenantId, factorTry, asked: { totp, scopes, deviceToken } }: Proved,
  origin: Origin,
  { db, seal }: FlowDeps,
): Promise<OpenedSession | 'wrong code' | 'changed'> =>
  db.transaction(async (rows) => {
    const expected = { passwordChangedAt: user.passwordChangedAt, hasFactor: factorTry !== null };
    if (!isHeld(await holdCredential(rows, user.id), expected)) return 'changed';
    const methods = factorTry && totp ? await spendCode(rows, seal, factorTry, totp) : [];
    if (!methods) return 'wrong code';
    return openAuditedSession(
      rows,
      { tenantId, userId: user.id, amr: ['pwd', ...methods], scopes, deviceToken },
      origin,
    );
  });
