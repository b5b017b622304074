import type { LatencyCounts } from '../latency-histogram.js';

/** Entities of one type that were asked of a subgraph for an operation, or its root fields. */
export interface FetchTraffic {
  readonly subgraph: string;
  /** Null: fields of the root. */
  readonly type: string | null;
  readonly fetches: number;
  /** Representations of entities, all fetches together. */
  readonly entities: number;
}

/** Requests of one operation. Nothing in it says which tenant or user asked, or with what values. */
export interface OperationTraffic {
  /** As usage is recorded by; null: all operations together that are not told apart. */
  readonly signature: string | null;
  readonly name: string | null;
  /** False: those of callers of no tenant, who may be anybody. */
  readonly forTenants: boolean;
  readonly count: number;
  /** Of these, how many were answered with errors of fields, or failed. */
  readonly errors: number;
  /** Of these, how many were refused. */
  readonly refused: number;
  /** What those may have cost that were not refused, all together. */
  readonly cost: number;
  readonly latency: LatencyCounts;
  readonly fetches: readonly FetchTraffic[];
}

export interface SubgraphTraffic {
  readonly subgraph: string;
  /** Those that took another's answer included. */
  readonly fetches: number;
  /** No answer came, or one that could not be used. */
  readonly failed: number;
  /** They took the answer of an equal one that was under way. */
  readonly shared: number;
  /** Of answers over HTTP. */
  readonly bytes: number;
  /** Of those that were not shared. */
  readonly latency: LatencyCounts;
}

/** GraphQL requests, by what became of them. */
export interface OutcomeCounts {
  readonly answered: number;
  /** Answered, with errors of fields. */
  readonly errors: number;
  /** The caller's to ask otherwise, or later. */
  readonly refused: number;
  /** Ours. */
  readonly failed: number;
  /** Nobody waited for the answer any more. */
  readonly left: number;
}

/** What ended within one minute in one gateway. */
export interface TrafficMinute {
  /** Its beginning, epoch milliseconds. */
  readonly minute: number;
  readonly requests: OutcomeCounts;
  /** Of requests that were not refused; a subscription has none. */
  readonly latency: LatencyCounts;
  readonly operations: readonly OperationTraffic[];
  readonly subgraphs: readonly SubgraphTraffic[];
}

export interface TrafficBatch {
  /** Another one in each process of a gateway, and with each of its starts. */
  readonly gateway: string;
  /** 1, 2, 3 …: one that comes twice is counted once. */
  readonly number: number;
  /** Requests of which nothing is known, because nobody took for long what was counted. */
  readonly lost: number;
  readonly minutes: readonly TrafficMinute[];
}

/** Where a gateway leaves what it counted. */
export interface TrafficPort {
  /** Rejects when nothing of it was kept; it may be left once more then. */
  record(batch: TrafficBatch): Promise<void>;
}
