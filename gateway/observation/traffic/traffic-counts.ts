import {
  LatencyHistogram,
  type FetchTraffic,
  type OperationTraffic,
  type OutcomeCounts,
  type SubgraphTraffic,
  type TrafficMinute,
} from '@inevitable/contract';
import { OperationTypeNode } from 'graphql';
import type { FetchMade } from '../../executor/run-plan.js';
import type { RequestSeen } from '../../extensions/request-seen.js';
import type { RecordableOperation } from '../../usage/recordable-operation.js';

/** Operations that are told apart while a minute lasts, and how many of them are left at operations then. */
const OF_TENANTS = { counted: 600, told: 200 };
/** Those of callers of no tenant, who may be anybody, have places of their own, and take none of tenants'. */
const OF_NO_TENANT = { counted: 150, told: 50 };
/** Of one operation: subgraphs and types that it fetches from. Those beyond are told as other operations'. */
const MOST_FETCHES = 20;
/** Of all other operations together. */
const MOST_OTHER_FETCHES = 2_000;
/** The subgraphs of a supergraph, and those of the ones before it that were reloaded within the minute. */
const MOST_SUBGRAPHS = 1_000;

/** Not what was refused, nor what its client left before it was planned: nothing has looked at its cost then. */
export const wasRun = ({ outcome, planKnown }: RequestSeen): boolean => outcome !== 'refused' && planKnown !== null;

/** What ended within one minute, in memory that does not grow with it: 6 MB at most. */
export class TrafficCounts {
  readonly minute: number;
  readonly #requests = { answered: 0, errors: 0, refused: 0, failed: 0, left: 0 };
  readonly #latency = new LatencyHistogram();
  readonly #ofTenants = new OperationTable(true, OF_TENANTS);
  readonly #ofNoTenant = new OperationTable(false, OF_NO_TENANT);
  readonly #subgraphs = new Map<string, SubgraphCounts>();

  /** `minute`: its beginning, epoch milliseconds. */
  constructor(minute: number) {
    this.minute = minute;
  }

  /** `operation`: null where it is not told apart from others. */
  add(request: RequestSeen, operation: RecordableOperation | null): void {
    const { outcome, fetches, operation: seen } = request;
    this.#requests[outcome]++;
    const isTimed = outcome !== 'refused' && seen?.definition.operation !== OperationTypeNode.SUBSCRIPTION;
    if (isTimed) this.#latency.add(request.durationMs);
    if (seen === null) return;
    const table = request.context?.tenant ? this.#ofTenants : this.#ofNoTenant;
    const counts = table.of(operation);
    if (outcome === 'refused') counts.addRefused();
    else counts.add(request, wasRun(request) ? seen.cost : 0, isTimed);
    for (const fetch of fetches) {
      this.#subgraphOf(fetch.subgraph)?.add(fetch);
      if (!counts.fetched(fetch)) table.others.fetched(fetch);
    }
  }

  /** All of it, as a port takes it. */
  told(): TrafficMinute {
    return {
      minute: this.minute,
      requests: this.requests,
      latency: this.#latency.counted(),
      operations: [...this.#ofTenants.told(), ...this.#ofNoTenant.told()],
      subgraphs: [...this.#subgraphs].map(([subgraph, counts]) => counts.told(subgraph)),
    };
  }

  get requests(): OutcomeCounts {
    return { ...this.#requests };
  }

  #subgraphOf(name: string): SubgraphCounts | undefined {
    let counts = this.#subgraphs.get(name);
    if (!counts && this.#subgraphs.size < MOST_SUBGRAPHS) this.#subgraphs.set(name, (counts = new SubgraphCounts()));
    return counts;
  }
}

/** Operations of tenants, or of callers of none. */
class OperationTable {
  readonly #forTenants: boolean;
  readonly #most: typeof OF_TENANTS;
  readonly #bySignature = new Map<string, OperationCounts>();
  readonly others = new OperationCounts(null, MOST_OTHER_FETCHES);

  constructor(forTenants: boolean, most: typeof OF_TENANTS) {
    this.#forTenants = forTenants;
    this.#most = most;
  }

  of(operation: RecordableOperation | null): OperationCounts {
    if (operation === null) return this.others;
    let counts = this.#bySignature.get(operation.signature);
    if (!counts) {
      if (this.#bySignature.size >= this.#most.counted) return this.others;
      this.#bySignature.set(operation.signature, (counts = new OperationCounts(operation, MOST_FETCHES)));
    }
    return counts;
  }

  /** Those with the greatest shares of all requests, of their time and of their errors; the others as one. */
  told(): OperationTraffic[] {
    const all = [...this.#bySignature.values()];
    const sum = (of: (counts: OperationCounts) => number): number =>
      all.reduce((total, one) => total + of(one), 0) || 1;
    const [requests, ms, errors] = [sum(({ count }) => count), sum(({ totalMs }) => totalMs), sum((one) => one.errors)];
    const weight = (one: OperationCounts): number => one.count / requests + one.totalMs / ms + one.errors / errors;
    const placed = all.toSorted((a, b) => weight(b) - weight(a));
    for (const surplus of placed.splice(this.#most.told)) this.others.addAll(surplus);
    if (this.others.count > 0 || this.others.hasFetched) placed.push(this.others);
    return placed.map((counts) => counts.told(this.#forTenants));
  }
}

interface Fetches {
  fetches: number;
  entities: number;
}

class OperationCounts {
  readonly #operation: RecordableOperation | null;
  readonly #mostFetches: number;
  count = 0;
  errors = 0;
  #refused = 0;
  #cost = 0;
  readonly #latency = new LatencyHistogram();
  /** By subgraph and type; '' for fields of the root. */
  readonly #fetches = new Map<string, Map<string, Fetches>>();
  #fetchKinds = 0;

  constructor(operation: RecordableOperation | null, mostFetches: number) {
    this.#operation = operation;
    this.#mostFetches = mostFetches;
  }

  get totalMs(): number {
    return this.#latency.totalMs;
  }

  get hasFetched(): boolean {
    return this.#fetchKinds > 0;
  }

  add({ outcome, durationMs }: RequestSeen, cost: number, isTimed: boolean): void {
    this.count++;
    if (outcome === 'errors' || outcome === 'failed') this.errors++;
    this.#cost += cost;
    if (isTimed) this.#latency.add(durationMs);
  }

  addRefused(): void {
    this.count++;
    this.#refused++;
  }

  /** False: there is no room for all of it. */
  fetched({ subgraph, types }: FetchMade): boolean {
    if (types.length === 0) return this.#fetch(subgraph, '', 1, 0);
    let hasRoom = true;
    for (let at = 0; at < types.length; at++) {
      const { type, entities } = types[at]!;
      const isAgain = at > 0 && types.findIndex((other) => other.type === type) < at; // one fetch, for two selections
      hasRoom = this.#fetch(subgraph, type, isAgain ? 0 : 1, entities) && hasRoom;
    }
    return hasRoom;
  }

  addAll(other: OperationCounts): void {
    this.count += other.count;
    this.errors += other.errors;
    this.#refused += other.#refused;
    this.#cost += other.#cost;
    this.#latency.addAll(other.#latency);
    for (const [subgraph, byType] of other.#fetches)
      for (const [type, { fetches, entities }] of byType) this.#fetch(subgraph, type, fetches, entities);
  }

  told(forTenants: boolean): OperationTraffic {
    return {
      signature: this.#operation?.signature ?? null,
      name: this.#operation?.operationName ?? null,
      forTenants,
      count: this.count,
      errors: this.errors,
      refused: this.#refused,
      cost: this.#cost,
      latency: this.#latency.counted(),
      fetches: [...this.#fetches].flatMap(([subgraph, byType]) =>
        [...byType].map(([type, counts]): FetchTraffic => ({ subgraph, type: type || null, ...counts })),
      ),
    };
  }

  #fetch(subgraph: string, type: string, fetches: number, entities: number): boolean {
    let byType = this.#fetches.get(subgraph);
    let counts = byType?.get(type);
    if (!counts) {
      if (this.#fetchKinds >= this.#mostFetches) return false;
      if (!byType) this.#fetches.set(subgraph, (byType = new Map()));
      byType.set(type, (counts = { fetches: 0, entities: 0 }));
      this.#fetchKinds++;
    }
    counts.fetches += fetches;
    counts.entities += entities;
    return true;
  }
}

class SubgraphCounts {
  #fetches = 0;
  #failed = 0;
  #shared = 0;
  #bytes = 0;
  readonly #latency = new LatencyHistogram();

  add({ failed, shared, responseBytes, durationMs }: FetchMade): void {
    this.#fetches++;
    if (failed) this.#failed++;
    if (shared) {
      this.#shared++;
      return;
    }
    this.#bytes += responseBytes ?? 0;
    this.#latency.add(durationMs);
  }

  told(subgraph: string): SubgraphTraffic {
    return {
      subgraph,
      fetches: this.#fetches,
      failed: this.#failed,
      shared: this.#shared,
      bytes: this.#bytes,
      latency: this.#latency.counted(),
    };
  }
}
