/** How many rows one statement changes at most: its locks are short, and a run that is stopped loses one of them. */
export const BATCH = 5_000;

/**
 * Repeats a statement that changes at most `BATCH` rows and answers how many, until nothing is left for it; answers
 * the sum. Rejects with the reason of `signal` between two of them.
 */
export async function inBatches(change: () => Promise<number>, signal?: AbortSignal): Promise<number> {
  let sum = 0;
  for (let changed = BATCH; changed === BATCH; sum += changed) {
    signal?.throwIfAborted();
    changed = await change();
  }
  return sum;
}
