import { createRequire } from 'node:module';

// It has no types of its own, and this is all that is used of it.
const debug = createRequire(import.meta.url)('debug') as { readonly inspectOpts: { colors?: boolean } };

/**
 * Agenda makes a `debug` logger for every step of every job, and each asks whether standard error is a terminal: a
 * system call, a tenth of the worker's time in a profile of `npm run bench:jobs`. Told once, none asks.
 */
export function withoutDebugColors(): void {
  debug.inspectOpts.colors ??= false;
}
