/** In the order they are run and shown in. */
export const RUN_NAMES = ['drain', 'drain-5ms', 'enqueue', 'start-delay', 'idle', 'flood'] as const;

export type RunName = (typeof RUN_NAMES)[number];
