import { BadUserInput, NotFound } from '@inevitable/contract';
import { appendAudit } from '../../audit/append-audit.js';
import { OPERATOR } from '../../audit/origin.js';
import { openBriefSession } from '../../tokens/sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { canonicalLogin } from '../accounts/canonical-login.js';
import { findTenantsOf } from './find-tenants-of.js';
import { findUser } from '../accounts/find-user.js';

export interface OperatorTokenRequest {
  /** E-mail address or user name. */
  readonly login: string;
  /** Slug or id; may be left out for a member of one tenant. */
  readonly tenant?: string;
}

/**
 * An access token without a password, for whoever operates the stack (`stack token`): 15 minutes, `amr` says how it came
 * about. Throws `NotFound` and `BadUserInput`.
 */
export async function issueOperatorToken(
  { login, tenant }: OperatorTokenRequest,
  { db, issueAccessToken, securityEvent }: FlowDeps,
): Promise<string> {
  const user = await findUser(db, canonicalLogin(login));
  if (!user) throw new NotFound('user');
  const [tenantId, another] = await findTenantsOf(db, user.id, tenant ?? null);
  if (!tenantId) throw new NotFound('active tenant of this user');
  if (another) throw new BadUserInput('The user belongs to several tenants: name one.', 'tenant');
  const sessionId = await db.transaction(async (rows) => {
    const opened = await openBriefSession(rows, {
      tenantId,
      userId: user.id,
      device: 'stack token',
      address: null,
      amr: ['operator'],
    });
    await appendAudit(rows, {
      tenantId,
      origin: OPERATOR,
      action: 'identity.issue-operator-token',
      outcome: 'success',
      subject: { type: 'User', id: user.id },
    });
    return opened;
  });
  const accessToken = await issueAccessToken(sessionId);
  if (!accessToken) throw new NotFound('active user');
  securityEvent('operator token issued', { userId: user.id, tenantId, sessionId });
  return accessToken;
}
