import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Tries until it succeeds, `attempts` times in all. Waits `firstMs` before the second attempt and doubles that each time,
 * up to `mostMs`; between half and all of it, so that workers that failed together do not come back together. An aborted
 * `signal` ends the waiting. Throws what the last attempt threw.
 */
export async function withRetries(
  task,
  { attempts, firstMs, mostMs, signal, onFailure = () => {}, wait = sleep, random = Math.random },
) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { result: await task({ signal, attempt }), attempts: attempt };
    } catch (error) {
      const isLast = attempt >= attempts || signal.aborted;
      const full = Math.min(firstMs * 2 ** (attempt - 1), mostMs);
      const delay = isLast ? null : full / 2 + (random() * full) / 2;
      onFailure(error, attempt, delay);
      if (isLast) throw error;
      await wait(delay, undefined, { signal });
    }
  }
}
