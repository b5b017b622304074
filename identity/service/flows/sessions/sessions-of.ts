import { newId } from '@inevitable/kit';
import type { Rows } from '../../store/system-database.js';

/** Whose sessions: of these people in one tenant, or in every one of theirs. */
export interface SessionsOf {
  readonly userIds: readonly string[];
  /** null: in every tenant. */
  readonly tenantId: string | null;
}

const LIVE = `user_id = any ($1::uuid[]) and ($2::uuid is null or tenant_id = $2)
  and ended_at is null and expires_at > stack_now()`;

/**
 * Holds these people still until the commit, as every change of what they may do or how they sign in does: before the audit,
 * whose head is held from then on, and before their sessions, which are changed after it.
 */
export async function lockPeople(rows: Rows, userIds: readonly string[]): Promise<void> {
  await rows('select from users where id = any ($1::uuid[]) order by id for no key update', [userIds]);
}

/**
 * For a new session that is made of another one: whoever changes what this person may do, or how they sign in, waits until
 * the commit, and then ends it with the others; or has ended the other one first.
 */
export async function holdPerson(rows: Rows, userId: string): Promise<void> {
  await rows('select from users where id = $1 for share', [userId]);
  await rows('select from credentials where user_id = $1 for share', [userId]);
}

/**
 * Gives live sessions new ids, because what their people may do has changed (OWASP Session Management, "Renew the Session ID After Any Privilege Level Change"): nobody is signed out,
 * their refresh tokens go with them. Answers the ids before, which are to be appended to the revocations.
 */
export async function renewSessions(rows: Rows, { userIds, tenantId }: SessionsOf): Promise<readonly string[]> {
  const live = await rows<{ id: string }>(`select id from sessions where ${LIVE} order by id for update`, [
    userIds,
    tenantId,
  ]);
  const before = live.map(({ id }) => id);
  if (before.length > 0)
    await rows(
      `update sessions s set id = renewed.id
       from unnest($1::uuid[], $2::uuid[]) as renewed (before, id) where s.id = renewed.before`,
      [before, before.map(newId)],
    );
  return before;
}

/** `but`: one that goes on. */
export interface SessionsToEnd extends SessionsOf {
  readonly but?: string | null;
}

/** Ends live sessions. Answers their ids, which are to be appended to the revocations. */
export async function endSessions(
  rows: Rows,
  { userIds, tenantId, but = null }: SessionsToEnd,
): Promise<readonly string[]> {
  const ended = await rows<{ id: string }>(
    `update sessions set ended_at = stack_now() where id = any (array(
       select id from sessions where ${LIVE} and id is distinct from $3 order by id for update)) returning id`,
    [userIds, tenantId, but],
  );
  return ended.map(({ id }) => id);
}
