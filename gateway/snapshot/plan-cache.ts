import { LRUCache } from 'lru-cache';
import { PlanningFailed, PlanningTimedOut } from '../planner/planner.js';
import { AskedBefore } from './asked-before.js';

const CACHED_PLANS = 2_000;
const CACHED_FAILURES = 500;
/** Planning is deterministic: an operation that failed fails again, and would keep a thread busy each time. */
const FAILURE_MS = 30_000;
/** Uses are halved after this many for each plan in the cache, so that a favourite of yesterday gives way. */
const USES_PER_AGEING = 10;

export interface PlanCacheOptions {
  /** How many values; the least recently used goes first. */
  readonly max?: number;
  /** Milliseconds that only grow; by it a failure is forgotten after 30 s. */
  readonly now?: () => number;
}

/**
 * What was made of plans, by key. Bounded, and each value is made once, however many ask for it at the same time. Kept are values
 * that were asked more than once (see `DocumentCache`).
 */
export interface PlanCache<Value extends object> {
  /**
   * The value itself when it is there, so that the usual request waits for nothing. Otherwise a promise of it, which
   * rejects with what `make` threw; `PlanningFailed` and `PlanningTimedOut` are remembered for 30 s.
   */
  get(key: string, make: () => Promise<Value>): Value | Promise<Value>;
  /** The same, and the value is kept: it will be asked. */
  prepare(key: string, make: () => Promise<Value>): Value | Promise<Value>;
  /** What was used most of late, the most used first. */
  mostUsed(count: number): readonly Value[];
  /** How many are in it. */
  readonly size: number;
}

interface Entry<Value> {
  readonly value: Value;
  uses: number;
}

/** A value that is being made. */
interface Making<Value> {
  readonly value: Promise<Value>;
  readonly afterwards: Afterwards;
}

interface Afterwards {
  isKept: boolean;
}

interface Failure {
  readonly error: Error;
  readonly until: number;
}

export function createPlanCache<Value extends object>({
  max = CACHED_PLANS,
  now = () => performance.now(),
}: PlanCacheOptions = {}): PlanCache<Value> {
  const entries = new LRUCache<string, Entry<Value>>({ max });
  const failures = new LRUCache<string, Failure>({ max: CACHED_FAILURES });
  const underWay = new Map<string, Making<Value>>();
  const askedBefore = new AskedBefore();
  let usesSinceAgeing = 0;

  function countUse(entry: Entry<Value>): void {
    entry.uses += 1;
    usesSinceAgeing += 1;
    if (usesSinceAgeing < entries.size * USES_PER_AGEING) return;
    usesSinceAgeing = 0;
    for (const each of entries.values()) each.uses /= 2;
  }

  async function makeOnce(key: string, make: () => Promise<Value>, afterwards: Afterwards): Promise<Value> {
    try {
      const value = await make();
      if (afterwards.isKept) entries.set(key, { value, uses: 1 });
      return value;
    } catch (error) {
      if (error instanceof PlanningFailed || error instanceof PlanningTimedOut)
        failures.set(key, { error, until: now() + FAILURE_MS });
      throw error;
    }
  }

  function find(key: string, make: () => Promise<Value>, keep: boolean): Value | Promise<Value> {
    const entry = entries.get(key);
    if (entry) {
      countUse(entry);
      return entry.value;
    }
    const failure = failures.get(key);
    if (failure && now() < failure.until) return Promise.reject(failure.error);
    const isKept = askedBefore.ask(key) || keep;
    const already = underWay.get(key);
    if (already) {
      already.afterwards.isKept ||= isKept;
      return already.value;
    }
    const afterwards = { isKept };
    const value = makeOnce(key, make, afterwards).finally(() => underWay.delete(key));
    underWay.set(key, { value, afterwards });
    return value;
  }

  return {
    get size() {
      return entries.size;
    },
    get: (key, make) => find(key, make, false),
    prepare: (key, make) => find(key, make, true),
    mostUsed: (count) =>
      [...entries.values()]
        .sort((one, other) => other.uses - one.uses)
        .slice(0, count)
        .map(({ value }) => value),
  };
}
