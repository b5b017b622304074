import type { Results } from '../runs/results.js';

const LEAST_RESERVE_RATIO = 0.8;
/** Of a tenant without grants. */
const RESERVING = [
  ['reserve alone', 'reserving alone'],
  ['reserve', 'reserving beside others of one process'],
  ['reserve between processes', 'reserving beside others of other processes'],
] as const;
const MOST_SPREAD = 0.1;
const MOST_QUERY_MS = 100;
const MOST_CACHED_US = 5;
const REVOKED_WITHIN_MS = 5_000;

/** Something that is said of core-identity, and whether it was so. */
export interface KeptPromise {
  readonly holds: boolean;
  readonly what: string;
}

/** Of what was measured. */
export function promisesOf({
  reserve,
  verification,
  timing,
  'sign-in': signIn,
  revocation,
}: Results): readonly KeptPromise[] {
  const kept: KeptPromise[] = [];
  const promise = (holds: boolean, what: string): void => void kept.push({ holds, what });
  if (reserve)
    for (const [way, who] of RESERVING)
      promise(
        reserve.ratios[way] >= LEAST_RESERVE_RATIO,
        `${who}: at least ${LEAST_RESERVE_RATIO} of the rate of one UPDATE … RETURNING of a row`,
      );
  if (verification) promise(verification.cachedUs < MOST_CACHED_US, `a known token: less than ${MOST_CACHED_US} µs`);
  if (timing) promise(timing.spread <= MOST_SPREAD, `refused sign-ins: medians within ${MOST_SPREAD * 100} %`);
  if (signIn)
    promise(signIn.queries.p99Ms < MOST_QUERY_MS, `queries while everyone signs in: p99 less than ${MOST_QUERY_MS} ms`);
  if (revocation)
    promise(
      revocation.p99Ms < REVOKED_WITHIN_MS,
      `an ended session: refused within ${REVOKED_WITHIN_MS / 1_000} s (p99)`,
    );
  return kept;
}
