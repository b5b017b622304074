import { Closers } from './closers.js';

/** From the signal to the end of the process; the longest stop of a part fits into it, after the longest delay. */
export const STOP_WITHIN_MS = 60_000;
/** A start that is under way when the signal comes. */
const START_WITHIN_MS = 7_000;

/**
 * Starts something, keeps it until SIGTERM, SIGINT or SIGHUP (the terminal is gone; unless `onHangUp` is told in its place), and stops it: exit code 0. A signal during the start ends it too.
 * Once stopping, further signals are expected (npm and the terminal both send one) and change nothing.
 */
export async function runUntilSignal(
  start: (closers: Closers) => Promise<unknown>,
  report: (line: string) => void,
  stopDelayMs = 0,
  onHangUp: (() => void) | null = null,
): Promise<void> {
  const closers = new Closers();
  let startFailed: (error: unknown) => void = () => undefined;
  const signalled = new Promise<void>((resolve, reject) => {
    startFailed = reject;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
    process.on('SIGHUP', onHangUp ?? (() => resolve()));
  });
  const starting = start(closers).catch((error: unknown) => startFailed(error));

  let failure: unknown = null;
  try {
    await signalled;
    report(stopDelayMs > 0 ? `stopping, in ${stopDelayMs / 1_000} s: requests are taken until then …` : 'stopping …');
  } catch (error) {
    failure = error;
  }
  const watchdog = setTimeout(() => {
    const waitingFor = closers.closing === null ? 'a start under way' : closers.closing;
    report(`not stopped after ${STOP_WITHIN_MS / 1_000} s, waiting for: ${waitingFor}; leaving the rest behind`);
    process.exit(1);
  }, STOP_WITHIN_MS);
  // A part that is just starting is stopped once it has started: nothing is left half-way.
  await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, START_WITHIN_MS).unref())]);
  const failed = await closers.closeAll();
  clearTimeout(watchdog);
  if (failure) throw failure;
  if (failed.length) report(`could not be stopped cleanly: ${failed.join(', ')}`);
  report('stopped');
}
