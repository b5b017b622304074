import { newId } from '@inevitable/kit';
import type { Rows } from '../../store/system-database.js';

/** Whose sessions: of these people in one tenant, or in every one of theirs. */
export interface SessionsToRenew {
  readonly userIds: readonly string[];
  /** null: in every tenant. */
  readonly tenantId: string | null;
}

/**
 * Gives live sessions new ids, because what their people may do has changed (OWASP Session Management, "Renew the Session ID
 * After Any Privilege Level Change"): nobody is signed out, their refresh tokens go with them. The people are locked
 * (`lockPeople`). Answers the ids before, which are to be appended to the revocations.
 */
export async function renewSessions(rows: Rows, { userIds, tenantId }: SessionsToRenew): Promise<readonly string[]> {
  const live = await rows<{ id: string }>(
    `select id from sessions
     where user_id = any ($1::uuid[]) and ($2::uuid is null or tenant_id = $2)
       and ended_at is null and expires_at > stack_now()
     order by id for update`,
    [userIds, tenantId],
  );
  const before = live.map(({ id }) => id);
  if (before.length > 0)
    await rows(
      `update sessions s set id = renewed.id
       from unnest($1::uuid[], $2::uuid[]) as renewed (before, id) where s.id = renewed.before`,
      [before, before.map(newId)],
    );
  return before;
}
