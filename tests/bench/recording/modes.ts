/** What the recorder is told of: nothing, or every answer. */
export const MODES = ['off', 'on'] as const;

export type Mode = (typeof MODES)[number];

export const byMode = <Value>(valueOf: (mode: Mode) => Value): Record<Mode, Value> => ({
  off: valueOf('off'),
  on: valueOf('on'),
});
