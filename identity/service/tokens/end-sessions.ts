import type { SessionId } from '@inevitable/contract';
import { appendRevocations } from '../revocation/append-revocations.js';
import type { Rows } from '../store/system-database.js';

// Sessions end before their time in three cases: one of them, by whoever holds it or because a stale refresh token of it
// turned up (`endSession`); all of a person, with what is half a sign-in, because how they sign in or what they may do has
// changed, or because they say so (`endSessionsOf`); and the oldest of too many (`endSurplusSessions`). Each tells the
// gateways, and so is among the last statements of its transaction, after the audit's. One that has run out by itself is
// ended as well: its last access token lives for minutes longer.

/** Ends a session with all its tokens. false: it was ended already, and stays as it is. */
export async function endSession(rows: Rows, sessionId: SessionId): Promise<boolean> {
  const ended = await rows<{ id: string }>(
    'update sessions set ended_at = stack_now() where id = $1 and ended_at is null returning id',
    [sessionId],
  );
  return (await tell(rows, ended)) > 0;
}

export interface SessionsToEnd {
  readonly userId: string;
  /** Those in one tenant; left out: in every tenant. */
  readonly tenantId?: string;
  /** The one that goes on; null: none. */
  readonly keep: SessionId | null;
}

/**
 * Ends every session of a person and drops what is half a sign-in, which proved no more than a password of before. The
 * person is locked (`lockPerson`), so that no sign-in comes in between. Answers how many sessions it was.
 */
export async function endSessionsOf(rows: Rows, { userId, tenantId, keep }: SessionsToEnd): Promise<number> {
  const whose = 'user_id = $1 and ($2::uuid is null or tenant_id = $2)';
  await rows(`delete from sign_in_challenges where ${whose}`, [userId, tenantId ?? null]);
  const ended = await rows<{ id: string }>(
    `update sessions set ended_at = stack_now() where id = any (array(
       select id from sessions
       where ${whose} and id is distinct from $3 and ended_at is null
       order by id for update)) returning id`,
    [userId, tenantId ?? null, keep],
  );
  return tell(rows, ended);
}

/** A person with more devices than this has forgotten some; each session is a row, and an entry of the feed when it ends. */
const MOST_SESSIONS = 100;

/** Ends a person's oldest sessions beyond so many. */
export async function endSurplusSessions(rows: Rows, userId: string): Promise<void> {
  const ended = await rows<{ id: string }>(
    `update sessions set ended_at = stack_now() where id = any (array(
       select id from sessions where user_id = $1 and ended_at is null and expires_at > stack_now()
       order by id desc offset ${MOST_SESSIONS} for update skip locked)) returning id`,
    [userId],
  );
  await tell(rows, ended);
}

/** Answers how many they are. */
async function tell(rows: Rows, ended: readonly { readonly id: string }[]): Promise<number> {
  await appendRevocations(
    rows,
    'session',
    ended.map(({ id }) => id),
  );
  return ended.length;
}
