import type { PartHealth } from '@inevitable/contract';

/** What somebody may use in one span of time, counted from the epoch: `2026-01-01T10:05` is one minute. */
export interface Window {
  /** Who, what and which span: two that are counted apart have different keys. */
  readonly key: string;
  readonly seconds: number;
}

export interface Taken {
  /** False: the window would hold more than its limit then, and nothing was counted. */
  readonly isGranted: boolean;
  /** What the window holds now. */
  readonly held: number;
  /** Where the window is over, nobody has it any more. At most what was granted, once. */
  giveBack(units: number): void;
}

/** Where units are counted: within this gateway, or for all that share a Redis. */
export interface Counters {
  /** At once where it is counted in memory. Never rejects. */
  take(window: Window, units: number, limit: number): Taken | Promise<Taken>;
  /** Of what must work for this gateway to be ready. */
  health(): readonly PartHealth[];
  close(): Promise<void>;
}

/**
 * Each window has a key of its own, so that what is given back late reaches the window that it was taken from. Kept twice
 * as long as it is one: the clocks of gateways differ.
 */
export const keptSeconds = ({ seconds }: Window): number => 2 * seconds;
