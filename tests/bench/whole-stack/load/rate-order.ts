import type { Caller, MixedName } from '../mix.js';

export type SenderOrder =
  /** They ask from now on. */
  | { readonly kind: 'callers'; readonly callers: readonly Caller[] }
  /** Requests come at this rate, whether answers do or not. Answers `RateResult` when all have been answered. */
  | { readonly kind: 'send'; readonly perSecond: number; readonly durationMs: number };

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Latencies run from when a request was due, so that none looks quick that had to wait for its turn. */
export interface RateResult {
  readonly sent: number;
  /** Of those that were sent, within the time. */
  readonly answeredInTime: number;
  /** Not answered with 200, data and no errors. */
  readonly failed: number;
  /** What the first failed request met. */
  readonly failure: string | null;
  readonly all: Latencies;
  readonly byOperation: Readonly<Record<MixedName, Latencies>>;
  /** How late requests were sent: where this is much, the sender is what was measured. */
  readonly sentLateP99Ms: number;
}
