import { createHash } from 'node:crypto';
import type { Rows } from '../store/system-database.js';
import { RateLimited } from './rate-limited.js';

/** So many attempts in each window, which begins with the first of them. */
export interface AttemptLimit {
  /** At least 1. */
  readonly attempts: number;
  readonly windowSeconds: number;
}

/** What is counted, and against which limit. */
export interface Attempt extends AttemptLimit {
  /** `<what is tried>:<by or on whom>`, for example `sign-in:account:ada@acme.test`; stored as its SHA-256 alone. */
  readonly counted: string;
}

export type AttemptsClaim =
  { readonly kind: 'claimed' } | { readonly kind: 'spent'; readonly retryAfterSeconds: number };

interface Counted {
  claimed: boolean;
  retry_after_seconds: number;
}

/**
 * One statement. Existing counters are locked in one order before any is written, so that two claims cannot wait for each
 * other; the limit is asked again of the very row that is written, which a parallel claim may have made meanwhile.
 */
const CLAIM = `
  with asked as (
    select * from unnest($1::bytea[], $2::int[], $3::int[]) as asked (key, attempts, seconds)
  ), known as materialized (
    select key, used, window_ends_at from throttles where key = any ($1::bytea[]) order by key for update
  ), spent as materialized (
    select known.window_ends_at from known join asked using (key)
    where known.used >= asked.attempts and known.window_ends_at > stack_now()
  ), claimed as (
    insert into throttles as t (key, used, window_ends_at)
    select key, 1, stack_now() + make_interval(secs => seconds) from asked
    where (select count(*) from spent) = 0 order by key
    on conflict (key) do update set
      used = case when t.window_ends_at > stack_now() then t.used + 1 else 1 end,
      window_ends_at = case when t.window_ends_at > stack_now() then t.window_ends_at else excluded.window_ends_at end
    where t.window_ends_at <= stack_now() or t.used < (select attempts from asked where asked.key = t.key)
    returning key
  )
  select (select count(*) from claimed) = cardinality($1::bytea[]) as claimed,
    ceil(greatest(1, coalesce(
      extract(epoch from (select max(window_ends_at) from spent) - stack_now()) - 0.001, -- the column rounds by less
      (select max(seconds) from asked where key not in (select key from claimed)))))::int as retry_after_seconds`;

/**
 * Counts an attempt at each of these different things, before the work it is for: parallel attempts never pass a limit.
 * All or nothing, but for claims that make the very same counter at once and fill it: the others of a loser stay counted.
 */
export async function claimAttempts(rows: Rows, attempts: readonly Attempt[]): Promise<AttemptsClaim> {
  const [counted] = await rows<Counted>(CLAIM, [
    attempts.map(keyOf),
    attempts.map((attempt) => attempt.attempts),
    attempts.map(({ windowSeconds }) => windowSeconds),
  ]);
  if (counted!.claimed) return { kind: 'claimed' };
  return { kind: 'spent', retryAfterSeconds: counted!.retry_after_seconds };
}

/** As `claimAttempts`, for those who let the caller know. Throws `RateLimited`. */
export async function requireAttempts(rows: Rows, attempts: readonly Attempt[]): Promise<void> {
  const claim = await claimAttempts(rows, attempts);
  if (claim.kind === 'spent') throw new RateLimited(claim.retryAfterSeconds);
}

/** Gives claimed attempts back: they were no attempts after all. */
export async function giveBackAttempts(rows: Rows, attempts: readonly Attempt[]): Promise<void> {
  await rows(
    `with known as (
       select key from throttles where key = any ($1::bytea[]) and used > 0 and window_ends_at > stack_now()
       order by key for update)
     update throttles t set used = t.used - 1 from known where t.key = known.key`,
    [attempts.map(keyOf)],
  );
}

const keyOf = ({ counted }: Attempt): Buffer => createHash('sha256').update(counted).digest();
