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

/** Ends every session of a person but `keep`, and what is half a sign-in. The last of its transaction. */
export async function endSessionsOf(rows: Rows, userId: string, keep: SessionId | null): Promise<void> {
  await rows('delete from sign_in_challenges where user_id = $1', [userId]);
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

/** A person with more devices than this has forgotten some; each session is a row, and an entry of the feed when it ends. */
const MOST_SESSIONS = 100;

/** Ends a person's oldest sessions beyond so many. The last statement of its transaction. */
export async function endSurplusSessions(rows: Rows, userId: string): Promise<void> {
  const ended = await rows<{ id: string }>(
    `update sessions set ended_at = stack_now() where id = any (array(
       select id from sessions where user_id = $1 and ended_at is null and expires_at > stack_now()
       order by id desc offset ${MOST_SESSIONS} for update skip locked)) returning id`,
    [userId],
  );
  await appendRevocations(
    rows,
    'session',
    ended.map(({ id }) => id),
  );
}
