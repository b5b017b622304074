import { NotFound, parseSessionId, type SessionId, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { requireAttempts, type AttemptLimit } from '../../throttling/claim-attempts.js';
import { hashOf, newRefreshToken } from '../../tokens/refresh-tokens.js';
import { endSurplusSessions } from '../../tokens/end-sessions.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { tenantNamed } from '../members/leave-tenant.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { authTokens, type AuthTokens } from '../sign-in/auth-tokens.js';
import { holdCredential } from '../sign-in/hold-credential.js';

/** More than anybody means to; each opens a session. */
const SWITCHES: AttemptLimit = { attempts: 60, windowSeconds: 900 };

export const switchTenantInput = z.strictObject({ tenant: tenantNamed });

/**
 * How the person signed in, when, with which scopes and until when is that of the session they come from: switching is no
 * sign-in, and widens or prolongs nothing. `least` with the 30 days of a refresh token.
 */
const OPEN = `
  with opened as (
    insert into sessions (id, tenant_id, user_id, device, address, amr, scopes, auth_time, expires_at)
    select $1, t.id, s.user_id, $5, $6, s.amr, s.scopes, s.auth_time, s.expires_at
    from sessions s
      join memberships m on m.user_id = s.user_id and m.status = 'active'
      join tenants t on t.id = m.tenant_id and t.status = 'active'
    where s.id = $2 and s.user_id = $3 and s.ended_at is null and s.expires_at > stack_now()
      and (t.slug = $4 or t.id::text = $4)
    returning id, tenant_id, expires_at)
  insert into refresh_tokens (hash, session_id, generation, expires_at)
  select $7, id, 0, least(stack_now() + interval '30 days', expires_at) from opened
  returning (select tenant_id from opened) as "tenantId"`;

/**
 * A session of its own in another tenant of the person's; the one they come from goes on. Throws `NotFound` for a tenant that
 * is not theirs or not in use, whether there is one or not, and `RateLimited`.
 */
export function switchTenant(
  { tenant }: z.output<typeof switchTenantInput>,
  { userId, sessionId: from, tenantId: fromTenant }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<AuthTokens> {
  const action = 'identity.switch-tenant';
  return auditRefusals({ tenantId: fromTenant, origin, action }, deps, async () => {
    const sessionId = parseSessionId(newId());
    const refreshToken = newRefreshToken();
    const { agent, address } = origin.client;
    await requireAttempts(deps.db.rows, [{ counted: `switch-tenant:${userId}`, ...SWITCHES }]);
    const opened = await deps.db.transaction(async (rows) => {
      // Whoever ends this person's sessions meanwhile ends the new one, too, or has ended the one it comes from.
      await holdCredential(rows, userId);
      const [session] = await rows<{ tenantId: TenantId }>(OPEN, [
        sessionId,
        from,
        userId,
        tenant,
        agent,
        address,
        hashOf(refreshToken),
      ]);
      if (session) {
        await appendAudit(rows, switched(session.tenantId, sessionId, origin));
        await endSurplusSessions(rows, userId);
      }
      return session;
    });
    const accessToken = opened && (await deps.issueAccessToken(sessionId));
    if (!accessToken) throw new Refusal(new NotFound('tenant of yours'), 'not a tenant of this person that is in use');
    return authTokens(accessToken, refreshToken);
  });
}

/** In the chain of the tenant that is entered, as a sign-in is. */
const switched = (tenantId: TenantId, sessionId: SessionId, origin: Origin) =>
  ({
    tenantId,
    origin: { ...origin, sessionId },
    action: 'identity.switch-tenant',
    outcome: 'success',
    subject: { type: 'Session', id: sessionId },
  }) as const;
