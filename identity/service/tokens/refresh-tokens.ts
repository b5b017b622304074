import { createHash, randomBytes } from 'node:crypto';
import type { SessionId, TenantId, UserId } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';

/** 256 random bits, opaque to the client. */
export const newRefreshToken = (): string => randomBytes(32).toString('base64url');

/** What is stored of a refresh token: a dump of the database cannot sign in. Random, so one fast round is enough. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export type RefreshClaim =
  | { readonly kind: 'fresh'; readonly sessionId: SessionId; readonly successor: string }
  | { readonly kind: 'raced'; readonly sessionId: SessionId }
  | { readonly kind: 'replayed'; readonly sessionId: SessionId; readonly tenantId: TenantId }
  | { readonly kind: 'unknown' };

/** How often a session may get a new id while one claim of its token is under way. */
const CLAIM_TRIES = 3;

/**
 * Spends a refresh token for its successor, in one atomic statement: of any number of racers one wins, and a process
 * killed at any point leaves either the token or its successor.
 * `raced`: spent less than 10 s ago, and its successor is unspent: a second tab of the same person.
 * `replayed`: any other spent token of a live session (RFC 9700, section 4.14.2).
 */
export async function claimRefreshToken(db: SystemDatabase, presented: string): Promise<RefreshClaim> {
  const hash = hashOf(presented);
  for (let tries = 0; tries < CLAIM_TRIES; tries++) {
    const successor = newRefreshToken();
    const [won] = await db.rows<{ session_id: SessionId }>(SPEND, [hash, hashOf(successor)]);
    if (won) return { kind: 'fresh', sessionId: won.session_id, successor };
    const [seen] = await db.rows<SeenToken>(LOOK, [hash]);
    if (!seen) break;
    const { raced, session_id: sessionId, tenant_id: tenantId } = seen;
    if (seen.spent) return raced ? { kind: 'raced', sessionId } : { kind: 'replayed', sessionId, tenantId };
  }
  return { kind: 'unknown' };
}

interface SeenToken {
  session_id: SessionId;
  tenant_id: TenantId;
  spent: boolean;
  raced: boolean;
}

/**
 * The session's row is locked before the token's, as by whoever ends or renews sessions. Of one that got a new id while
 * the lock was waited for it finds nothing, and is sent again.
 */
const SPEND = `
  with live as (
    select s.id, s.expires_at from refresh_tokens t join sessions s on s.id = t.session_id
    where t.hash = $1 and t.spent_at is null and t.expires_at > stack_now()
      and s.ended_at is null and s.expires_at > stack_now()
    for no key update of s
  ), spent as (
    update refresh_tokens t set spent_at = stack_now() from live
    where t.hash = $1 and t.session_id = live.id and t.spent_at is null
    returning t.session_id, t.generation, live.expires_at
  ), seen as (
    update sessions set last_seen_at = stack_now() from spent where id = spent.session_id
  )
  insert into refresh_tokens (hash, session_id, generation, expires_at)
  select $2, session_id, generation + 1, least(stack_now() + interval '30 days', expires_at) from spent
  returning session_id`;

/** What a token that could not be spent is: of a live session, and spent, or of use still. */
const LOOK = `
  select t.session_id, s.tenant_id, t.spent_at is not null as spent,
    coalesce(t.spent_at > stack_now() - interval '10 seconds' and n.spent_at is null, false) as raced
  from refresh_tokens t
    join sessions s on s.id = t.session_id and s.ended_at is null and s.expires_at > stack_now()
    left join refresh_tokens n on n.session_id = t.session_id and n.generation = t.generation + 1
  where t.hash = $1
    and case when t.spent_at is null then t.expires_at > stack_now() else n.hash is not null end`;

/** The live session a refresh token belongs to, spent or not; null for an unknown token and for one of a session that is over. */
export async function sessionOfRefreshToken(
  { rows }: SystemDatabase,
  presented: string,
): Promise<SessionOfToken | null> {
  const [session] = await rows<SessionOfToken>(
    `select s.id as "sessionId", s.tenant_id as "tenantId", s.user_id as "userId"
     from refresh_tokens t join sessions s on s.id = t.session_id and s.ended_at is null where t.hash = $1`,
    [hashOf(presented)],
  );
  return session ?? null;
}

export interface SessionOfToken {
  readonly sessionId: SessionId;
  readonly tenantId: TenantId;
  readonly userId: UserId;
}
