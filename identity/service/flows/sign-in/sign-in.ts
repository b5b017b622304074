import type { TenantId, UserId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { passwordText } from '../../passwords/passwords.js';
import { openSession } from '../../tokens/sessions.js';
import { authTokens, refused, type AuthOutcome } from './auth-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { canonicalLogin } from '../accounts/canonical-login.js';
import { findTenantsOf } from './find-tenants-of.js';
import { findUser } from '../accounts/find-user.js';

/** What REST and GraphQL accept. The longest e-mail address has 254 characters (RFC 5321). */
export const signInInput = z
  .strictObject({
    email: plainText({ min: 1, max: 320 }).nullish(),
    username: plainText({ min: 1, max: 100 }).nullish(),
    password: passwordText,
    tenant: plainText({ min: 1, max: 100 }).nullish(),
  })
  .refine(({ email, username }) => (email == null) !== (username == null), {
    path: ['email'],
    message: 'must be given, or "username" instead, and not both',
  })
  .transform(({ email, username, password, tenant }) => ({
    login: (email ?? username)!,
    password,
    tenant: tenant ?? null,
  }));

export type SignIn = z.output<typeof signInInput>;

/**
 * Opens a session in one tenant. An unknown person, a wrong password, a disabled person, a tenant that is not theirs and
 * one that is suspended are one refusal, at the price of one Argon2 evaluation each. Throws `TooManySignIns`.
 */
export async function signIn(
  { login, password, tenant }: SignIn,
  origin: Origin,
  deps: FlowDeps,
): Promise<AuthOutcome> {
  const { db, passwords, issueAccessToken, log } = deps;
  const refuse = async (reason: string, userId: UserId | null = null): Promise<AuthOutcome> => {
    log.info({ event: 'sign-in refused', reason, userId });
    await appendAudit(db.rows, {
      tenantId: null,
      origin,
      action: 'identity.sign-in',
      outcome: 'refused',
      reason,
      ...(userId && { subject: { type: 'User', id: userId } }),
      personal: { userId, data: { login: canonicalLogin(login) } },
    });
    return refused;
  };

  const user = await findUser(db, canonicalLogin(login));
  const matches = await passwords.verify(user?.passwordHash ?? null, password);
  if (!user) return refuse('unknown login');
  if (!matches) return refuse('wrong password', user.id);
  if (!user.active) return refuse('disabled', user.id);

  // Only from here on may an answer say anything about the account: the caller has proved to be its owner.
  const tenants = await findTenantsOf(db, user.id, tenant);
  if (tenants.length > 1) return { kind: 'tenantNeeded' };
  const tenantId = tenants[0];
  if (!tenantId) return refuse('not a member of an active tenant', user.id);

  const session = await openAudited(tenantId, user.id, origin, deps);
  const accessToken = await issueAccessToken(session.sessionId);
  if (!accessToken) return refuse('the membership ended meanwhile', user.id);
  return { kind: 'granted', tokens: authTokens(accessToken, session.refreshToken) };
}

const openAudited = (tenantId: TenantId, userId: UserId, origin: Origin, { db }: FlowDeps) =>
  db.transaction(async (rows) => {
    const { agent, address } = origin.client;
    const session = await openSession(rows, { tenantId, userId, device: agent, address, amr: ['pwd'] });
    await appendAudit(rows, {
      tenantId,
      origin: { ...origin, actor: { kind: 'user', id: userId }, sessionId: session.sessionId },
      action: 'identity.sign-in',
      outcome: 'success',
    });
    return session;
  });
