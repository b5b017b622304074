import type { FetchMade } from '../../executor/run-plan.js';

/** Of `durationMs`, how long none of these fetches was under way: what the gateway itself took. */
export function outsideOfFetches(durationMs: number, fetches: readonly FetchMade[]): number {
  if (fetches.length === 1) return Math.max(0, durationMs - fetches[0]!.durationMs);
  let left = durationMs;
  let coveredUntil = 0;
  for (const { startMs, durationMs: took } of fetches.toSorted((one, other) => one.startMs - other.startMs)) {
    const end = startMs + took;
    if (end <= coveredUntil) continue;
    left -= end - Math.max(startMs, coveredUntil);
    coveredUntil = end;
  }
  return Math.max(0, left);
}
