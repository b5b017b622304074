import { parseSessionId, type SessionId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Rows } from '../store/system-database.js';
import { hashOf, newRefreshToken } from './refresh-tokens.js';

export interface SessionToOpen {
  readonly tenantId: string;
  readonly userId: string;
  /** What the person would recognise: the user agent as it names itself. */
  readonly device: string | null;
  /** Where it was opened from. */
  readonly address: string | null;
  /** Authentication methods (RFC 8176). */
  readonly amr: readonly string[];
  /** Its tokens' scope is at most this; null, or left out: all that the person's roles allow. */
  readonly scopes?: readonly string[] | null;
  /** When the person proved who they are; left out: just now. */
  readonly authTime?: Date;
}

const INSERT_SESSION = `
  insert into sessions (id, tenant_id, user_id, device, address, amr, scopes, auth_time, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, stack_now()), stack_now() + $9::interval) returning id`;

const sessionValues = (id: SessionId, session: SessionToOpen, lifetime: string): unknown[] => [
  id,
  session.tenantId,
  session.userId,
  session.device,
  session.address,
  session.amr,
  session.scopes ?? null,
  session.authTime ?? null,
  lifetime,
];

/** A session of one person in one tenant, 90 days at most, with the first of its refresh tokens (30 days). */
export async function openSession(
  rows: Rows,
  session: SessionToOpen,
): Promise<{ sessionId: SessionId; refreshToken: string }> {
  const sessionId = parseSessionId(newId());
  const refreshToken = newRefreshToken();
  await rows(
    `with opened as (${INSERT_SESSION})
     insert into refresh_tokens (hash, session_id, generation, expires_at)
     select $10, id, 0, stack_now() + interval '30 days' from opened`,
    [...sessionValues(sessionId, session, '90 days'), hashOf(refreshToken)],
  );
  return { sessionId, refreshToken };
}

/** A session for one access token: it cannot be refreshed, and is over when the token is. */
export async function openBriefSession(rows: Rows, session: SessionToOpen): Promise<SessionId> {
  const sessionId = parseSessionId(newId());
  await rows(INSERT_SESSION, sessionValues(sessionId, session, '15 minutes'));
  return sessionId;
}
