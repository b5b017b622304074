import { parseSessionId, type SessionId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { appendRevocations } from '../revocation/append-revocations.js';
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
}

/** A session of one person in one tenant, 90 days at most, with the first of its refresh tokens (30 days). */
export async function openSession(
  rows: Rows,
  session: SessionToOpen,
): Promise<{ sessionId: SessionId; refreshToken: string }> {
  const sessionId = parseSessionId(newId());
  const refreshToken = newRefreshToken();
  await rows(
    `with opened as (
       insert into sessions (id, tenant_id, user_id, device, address, amr, expires_at)
       values ($1, $2, $3, $4, $5, $6, stack_now() + interval '90 days') returning id)
     insert into refresh_tokens (hash, session_id, generation, expires_at)
     select $7, id, 0, stack_now() + interval '30 days' from opened`,
    [sessionId, session.tenantId, session.userId, session.device, session.address, session.amr, hashOf(refreshToken)],
  );
  return { sessionId, refreshToken };
}

/** A session for one access token: it cannot be refreshed, and is over when the token is. */
export async function openBriefSession(rows: Rows, session: SessionToOpen): Promise<SessionId> {
  const sessionId = parseSessionId(newId());
  await rows(
    `insert into sessions (id, tenant_id, user_id, device, address, amr, expires_at)
     values ($1, $2, $3, $4, $5, $6, stack_now() + interval '15 minutes')`,
    [sessionId, session.tenantId, session.userId, session.device, session.address, session.amr],
  );
  return sessionId;
}

/** Ends a session with all its tokens; an ended one stays as it is. The last statement of its transaction. */
export async function endSession(rows: Rows, sessionId: SessionId): Promise<void> {
  const ended = await rows<{ id: string }>(
    'update sessions set ended_at = stack_now() where id = $1 and ended_at is null returning id',
    [sessionId],
  );
  await appendRevocations(
    rows,
    'session',
    ended.map(({ id }) => id),
  );
}

/** Ends every session of a person but `keep`. The last statement of its transaction. */
export async function endSessionsOf(rows: Rows, userId: string, keep: SessionId | null): Promise<void> {
  const ended = await rows<{ id: string }>(
    `update sessions set ended_at = stack_now()
     where user_id = $1 and id is distinct from $2 and ended_at is null and expires_at > stack_now() returning id`,
    [userId, keep],
  );
  await appendRevocations(
    rows,
    'session',
    ended.map(({ id }) => id),
  );
}
