/**
 * Milliseconds counted in buckets, each an eighth of a doubling wide: they add up over minutes and gateways, and a quantile
 * of them is at most 4.5 % off, between 0.25 ms and 65.5 s. Below that it is told as 0.25 ms, and beyond as the longest.
 */
export interface LatencyCounts {
  /** Those in which something was counted, ascending. */
  readonly buckets: readonly number[];
  /** Of each of them. */
  readonly counts: readonly number[];
  /** All of them together. */
  readonly totalMs: number;
  readonly maxMs: number;
}

/** How far from the exact one a quantile may be, as a share of it: half a bucket. */
export const QUANTILE_ERROR = 2 ** (1 / 16) - 1;

export const SHORTEST_MS = 0.25;
const PER_DOUBLING = 8;
const DOUBLINGS = 18;
/** Of what took longer than any other bucket holds. */
const LAST_BUCKET = PER_DOUBLING * DOUBLINGS + 1;
export const LONGEST_MS = SHORTEST_MS * 2 ** DOUBLINGS;
export const LATENCY_BUCKETS = LAST_BUCKET + 1;

/** Bucket 0 ends with 0.25 ms, and each other one an eighth of a doubling later than the one before. */
export function latencyBucketOf(ms: number): number {
  if (!(ms > SHORTEST_MS)) return 0;
  const bucket = Math.ceil(Math.log2(ms / SHORTEST_MS) * PER_DOUBLING);
  return bucket < LAST_BUCKET ? bucket : LAST_BUCKET;
}

/** What is counted, in 600 bytes however much it is. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(LATENCY_BUCKETS);
  #totalMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#counts[latencyBucketOf(ms)]!++;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  addAll(other: LatencyHistogram): void {
    other.#counts.forEach((count, bucket) => (this.#counts[bucket]! += count));
    this.#totalMs += other.#totalMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  get totalMs(): number {
    return this.#totalMs;
  }

  counted(): LatencyCounts {
    const buckets: number[] = [];
    const counts: number[] = [];
    this.#counts.forEach((count, bucket) => {
      if (count === 0) return;
      buckets.push(bucket);
      counts.push(count);
    });
    return { buckets, counts, totalMs: this.#totalMs, maxMs: this.#maxMs };
  }
}

export function sumOfLatencies(all: readonly LatencyCounts[]): LatencyCounts {
  const sums = new Array<number>(LATENCY_BUCKETS).fill(0);
  for (const { buckets, counts } of all) buckets.forEach((bucket, at) => (sums[bucket]! += counts[at]!));
  const buckets = [...sums.keys()].filter((bucket) => sums[bucket]! > 0);
  return {
    buckets,
    counts: buckets.map((bucket) => sums[bucket]!),
    totalMs: all.reduce((sum, { totalMs }) => sum + totalMs, 0),
    maxMs: all.reduce((longest, { maxMs }) => Math.max(longest, maxMs), 0),
  };
}

export const countOf = ({ counts }: LatencyCounts): number => counts.reduce((sum, count) => sum + count, 0);

/** The nearest rank: of `share` of all, 0 to 1, none took longer. Null: nothing was counted. */
export function quantileOf(latencies: LatencyCounts, share: number): number | null {
  const { buckets, counts, maxMs } = latencies;
  let before = Math.max(1, Math.ceil(share * countOf(latencies)));
  for (const [at, bucket] of buckets.entries()) {
    before -= counts[at]!;
    if (before <= 0) return Math.min(middleOf(bucket), maxMs);
  }
  return null;
}

function middleOf(bucket: number): number {
  if (bucket === 0) return SHORTEST_MS;
  return bucket === LAST_BUCKET ? Infinity : SHORTEST_MS * 2 ** ((bucket - 0.5) / PER_DOUBLING);
}
