import { withRetries } from './with-retries.js';

/**
 * Runs a task, never twice at once: what comes due while it runs is counted and left out. Nothing it does is thrown;
 * `state()` tells it.
 */
export function createRunner({ task, retry, log, now = () => new Date(), wait }) {
  const stopping = new AbortController();
  let isStopping = false;
  let current = null;
  let startedAt = null;
  let last = null;
  let skipped = 0;

  async function runOnce() {
    startedAt = now().toISOString();
    const ended = (outcome, facts) => (last = { outcome, startedAt, endedAt: now().toISOString(), ...facts });
    try {
      const { result, attempts } = await withRetries(task, {
        ...retry,
        signal: stopping.signal,
        ...(wait && { wait }),
        onFailure: (error, attempt, nextMs) =>
          log('warn', error.message, { attempt, ...(nextMs !== null && { nextAttemptInMs: Math.round(nextMs) }) }),
      });
      log('info', 'done', ended('succeeded', { attempts, result }));
    } catch (error) {
      log('error', 'failed', ended('failed', { reason: error.message }));
    }
    startedAt = null;
  }

  return {
    /** Resolves when the run is over, or at once where another is under way or the worker stops. */
    async run() {
      if (isStopping) return;
      if (current) {
        skipped += 1;
        log('warn', 'skipped: the run before has not ended');
        return;
      }
      current = runOnce();
      await current;
      current = null;
    },

    /** Waits `graceMs` for the run under way, then asks it to give up. Resolves with whether it ended by itself. */
    async stop(graceMs) {
      isStopping = true;
      if (!current) return true;
      let late;
      const graceOver = new Promise((resolve) => (late = setTimeout(resolve, graceMs, false)));
      const drained = await Promise.race([current.then(() => true), graceOver]);
      clearTimeout(late);
      stopping.abort(new Error('the worker stops'));
      return drained;
    },

    state: () => ({ isStopping, runningSince: startedAt, last, skipped }),
  };
}
