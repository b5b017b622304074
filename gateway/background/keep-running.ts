import { setTimeout as timer } from 'node:timers/promises';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;

/** Resolves after so many milliseconds, or as soon as `signal` aborts. Never keeps the process alive. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export const realPause: Pause = (ms, signal) => timer(ms, undefined, { signal, ref: false }).catch(() => undefined); // rejects only when aborted

export interface Repetition {
  /** Pause after a success. */
  readonly everyMs: number;
  readonly signal: AbortSignal;
  /** `failures` counts those in a row, this one included. */
  readonly onFailure: (error: unknown, failures: number) => void;
  /** Of real time unless given; tests set it. */
  readonly pause?: Pause | undefined;
}

/**
 * Does `work` now and again and again until `signal` aborts. A failure is repeated sooner: after 100 ms, doubling to 2 s.
 * Never rejects, and never keeps the process alive.
 */
export async function keepRunning(work: (signal: AbortSignal) => Promise<void>, repetition: Repetition): Promise<void> {
  const { everyMs, signal, onFailure, pause = realPause } = repetition;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await work(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error, ++failures);
    }
    const waitMs = failures === 0 ? everyMs : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
    await pause(waitMs, signal);
  }
}
