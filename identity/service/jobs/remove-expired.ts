import { IS_FORGOTTEN, REVOCATION_MINUTES } from '../revocation/append-revocations.js';
import { BATCH, inBatches } from '../store/in-batches.js';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { SystemDatabase } from '../store/system-database.js';
import { KNOWN_DEVICE_DAYS } from '../tokens/known-devices.js';

/** How many rows of each kind were removed. */
export interface RemovedExpired {
  readonly sessions: number;
  readonly refreshTokens: number;
  readonly revocations: number;
}

/**
 * Removes what can never be used again: sessions with all their refresh tokens, and what the revocation feed has stopped
 * telling. A session is over when it was ended, after its 90 days, or when its newest refresh token (the only unspent
 * one) was not used for its 30 days. It stays for as long as an access token of it may live: signing out must end that
 * one too. A session that is not over keeps every token, spent and expired ones as well: by them a stolen copy is noticed.
 * With them goes, uncounted, what sign-ins left that counts for nothing any more.
 */
export async function removeExpired(db: SystemDatabase, signal?: AbortSignal): Promise<RemovedExpired> {
  let sessions = 0;
  let refreshTokens = 0;
  for await (const over of sessionsOver(db, signal)) {
    refreshTokens += await inBatches(() => count(db, REMOVE_SPENT_TOKENS, [over]), signal);
    const [removed] = await db.rows<Pick<RemovedExpired, 'sessions' | 'refreshTokens'>>(REMOVE_SESSIONS, [over]);
    refreshTokens += removed!.refreshTokens;
    sessions += removed!.sessions;
  }
  const revocations = await inBatches(() => count(db, REMOVE_REVOCATIONS), signal);
  for (const removal of REMOVE_SIGN_IN_LEFTOVERS) await inBatches(() => count(db, removal), signal);
  return { sessions, refreshTokens, revocations };
}

interface SessionEnd {
  readonly id: string;
  readonly over: boolean;
}

/**
 * The ids of sessions that are over, a list for each `BATCH` sessions of the table. It reads them all, once and in order,
 * and so needs no index on their three ends, which every sign-in and refresh would have to write. `least` ignores nulls.
 * What is over stays over, so nothing changes between this and the removal.
 */
async function* sessionsOver({ rows }: SystemDatabase, signal?: AbortSignal): AsyncGenerator<readonly string[]> {
  let page: readonly SessionEnd[];
  let after: string = BEFORE_ALL;
  do {
    signal?.throwIfAborted();
    page = await rows<SessionEnd>(
      `select s.id, least(s.ended_at, s.expires_at, newest.expires_at)
         <= stack_now() - interval '${REVOCATION_MINUTES} minutes' as over
       from (select id, ended_at, expires_at from sessions where id > $1 order by id limit ${BATCH}) s
         left join lateral (
           select t.expires_at from refresh_tokens t where t.session_id = s.id order by t.generation desc limit 1
         ) newest on true
       order by s.id`,
      [after],
    );
    const over = page.filter((session) => session.over).map(({ id }) => id);
    if (over.length > 0) yield over;
    after = page.at(-1)?.id ?? after;
  } while (page.length === BATCH);
}

// Each locks before it removes, and passes over rows that another run has: no two of them can deadlock.

/** The unspent one stays until its session goes: it is what tells that the session is over, should the run stop here. */
const REMOVE_SPENT_TOKENS = `
  delete from refresh_tokens where hash = any (array(
    select hash from refresh_tokens where session_id = any ($1::uuid[]) and spent_at is not null
    limit ${BATCH} for update skip locked))`;

/** Sessions with the one token that each has left at most. */
const REMOVE_SESSIONS = `
  with over as (
    select id from sessions where id = any ($1::uuid[]) for update skip locked
  ), tokens as (
    delete from refresh_tokens where session_id = any (array(select id from over)) returning 1
  ), removed as (
    delete from sessions where id = any (array(select id from over)) returning 1
  )
  select (select count(*)::int from removed) as sessions, (select count(*)::int from tokens) as "refreshTokens"`;

/** Those that the feed leaves out already. It removes them itself, but only when there is something new to tell. */
const REMOVE_REVOCATIONS = `
  delete from revocations where sequence = any (array(
    select sequence from revocations where ${IS_FORGOTTEN}
    limit ${BATCH} for update skip locked))`;

/** Counters of windows that are over, half sign-ins past their time, devices that are not known any more. */
const REMOVE_SIGN_IN_LEFTOVERS = [
  `delete from throttles where key = any (array(
    select key from throttles where window_ends_at <= stack_now() limit ${BATCH} for update skip locked))`,
  `delete from sign_in_challenges where hash = any (array(
    select hash from sign_in_challenges where expires_at <= stack_now() limit ${BATCH} for update skip locked))`,
  `delete from known_devices where (user_id, hash) in (
    select user_id, hash from known_devices
    where last_seen_at <= stack_now() - make_interval(days => ${KNOWN_DEVICE_DAYS})
    limit ${BATCH} for update skip locked)`,
];

/** How many rows a `delete` removes. */
async function count({ rows }: SystemDatabase, removal: string, values?: readonly unknown[]): Promise<number> {
  const [removed] = await rows<{ count: number }>(
    `with removed as (${removal} returning 1) select count(*)::int as count from removed`,
    values,
  );
  return removed!.count;
}
