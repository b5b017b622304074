import type { SessionId, UserId } from '@inevitable/contract';
import type { PageToRead } from '@inevitable/kit';
import { BEFORE_ALL } from '../../store/nil-id.js';
import type { SystemDatabase } from '../../store/system-database.js';

/** A session as its owner sees it. */
export interface OwnSession {
  readonly id: SessionId;
  /** Of the tenant it is in. */
  readonly tenantSlug: string;
  readonly device: string | null;
  readonly address: string | null;
  readonly signedInAt: Date;
  readonly lastSeenAt: Date;
  /** 90 days at most after the sign-in, whatever it is used for. */
  readonly expiresAt: Date;
}

/**
 * The person's own sessions that can still be used, in every tenant of theirs: not those that were ended, nor those that
 * nobody has refreshed for 30 days.
 */
export const listOwnSessions = (
  { rows }: SystemDatabase,
  userId: UserId,
  { take, afterId }: PageToRead,
): Promise<readonly OwnSession[]> =>
  rows<OwnSession>(
    `select s.id, t.slug as "tenantSlug", s.device, s.address, s.auth_time as "signedInAt",
       s.last_seen_at as "lastSeenAt", s.expires_at as "expiresAt"
     from sessions s join tenants t on t.id = s.tenant_id
     where s.user_id = $1 and s.id > $2 and s.ended_at is null and s.expires_at > stack_now()
       and not exists (
         select from refresh_tokens r where r.session_id = s.id and r.spent_at is null and r.expires_at <= stack_now())
     order by s.id limit $3`,
    [userId, afterId ?? BEFORE_ALL, take],
  );
