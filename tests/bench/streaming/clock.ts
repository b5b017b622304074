/** Milliseconds of a clock that every process of this machine shares, and that nobody sets: Linux's CLOCK_MONOTONIC. */
export const machineTimeMs = (): number => Number(process.hrtime.bigint()) / 1e6;
