/** What one load does. The load process is told the tokens it may use once, at its start. */
export interface LoadOrder {
  /** Of one or several processes of a gateway; connections are shared out among them in turn. */
  readonly urls: readonly string[];
  /** Sent in turn. With more bodies than connections no two requests in flight are equal. */
  readonly bodies: readonly string[];
  /** How many of the tokens are used, in turn. 0: requests without one. */
  readonly tokens: number;
  /** The length that the answer to each body must have; null: whatever it is. */
  readonly answerBytes: readonly AnswerBytes[] | null;
  readonly pace: Pace;
  readonly durationMs: number;
}

/** The same from one answer to the next, but for `extensions`, which are not everybody's, and count down. */
export interface AnswerBytes {
  /** Without extensions. */
  readonly least: number;
  readonly most: number;
}

export type Pace =
  /** Each connection sends its next request when it has its answer: as much as the gateway can do. */
  | { readonly kind: 'closed'; readonly connections: number }
  /** So many requests a second on average, at random times, whether answers come or not: the same load for everyone. */
  | { readonly kind: 'open'; readonly perSecond: number };

export interface LoadResult {
  /** Answered with 200 and the right length. */
  readonly completed: number;
  readonly failed: number;
  /** What the first failed request met. */
  readonly failure: string | null;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
