/** When requests are due, in milliseconds: as those of many people who know nothing of each other (a Poisson process). */
export function* arrivals(perSecond: number, durationMs: number, random: () => number): Generator<number> {
  const meanGapMs = 1_000 / perSecond;
  for (let dueMs = 0; dueMs < durationMs; dueMs -= Math.log(1 - random()) * meanGapMs) yield dueMs;
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
