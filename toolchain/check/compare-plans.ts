import { availableParallelism } from 'node:os';
import { startPlannerThreads, undeferred, type Planner } from '@inevitable/gateway';
import { Kind, parse, print, visit, type DocumentNode } from 'graphql';
import { affectedOperation, clientsOf } from './affected.js';
import type { PlanRegression, PlanSize } from './check-report.js';
import type { KnownOperation } from './known-operation.js';
import { planSize } from './plan-size.js';

/** A plan that takes longer on its own is none to compare: the gateway itself gives up after 10 s. */
const PLAN_TIMEOUT_MS = 10_000;
const HEAP_MB = 1_024;

export interface ComparedPlans {
  /** Different documents that were planned on both sides. */
  readonly planned: number;
  readonly outOfTime: number;
  /** In the order of the operations. */
  readonly regressions: readonly PlanRegression[];
}

export interface PlanComparison {
  readonly base: string;
  readonly candidate: string;
  /** Valid on both sides, in the order in which they are to be planned. */
  readonly operations: readonly KnownOperation[];
  /** No operation is begun after so long. */
  readonly longestMs: number;
  readonly progress: (done: number, total: number) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A thread first loads both supergraphs, which takes as long as a few dozen plans. */
const WORTH_A_THREAD = 50;

/** Plans operations on two supergraphs (SDL), on all cores, and tells which of them need more requests, or more in a row. */
export async function comparePlans(comparison: PlanComparison): Promise<ComparedPlans> {
  const { operations, longestMs, progress, now } = comparison;
  const distinct = new Map<string, KnownOperation[]>();
  for (const operation of operations) {
    const document = print(undeferred(parse(operation.document, { noLocation: true })));
    const same = distinct.get(document);
    if (same) same.push(operation);
    else distinct.set(document, [operation]);
  }
  if (distinct.size === 0) return { planned: 0, outOfTime: 0, regressions: [] };

  const size = Math.min(availableParallelism(), Math.ceil(distinct.size / WORTH_A_THREAD));
  const threads = startPlannerThreads({ size, planTimeoutMs: PLAN_TIMEOUT_MS, heapMb: HEAP_MB, log: SILENT });
  try {
    const [base, candidate] = await Promise.all([threads.load(comparison.base), threads.load(comparison.candidate)]);
    const until = now() + longestMs;
    const waiting = [...distinct];
    const regressions = new Map<string, readonly PlanRegression[]>();
    let next = 0;
    let done = 0;
    // Two for each thread: one is planned while the other's answer is read.
    const worker = async (): Promise<void> => {
      while (next < waiting.length && now() < until) {
        const [document, sharing] = waiting[next++]!;
        regressions.set(document, await regressionsOf(document, sharing, base, candidate));
        progress(++done, waiting.length);
      }
    };
    await Promise.all(Array.from({ length: size * 2 }, worker));
    return {
      planned: done,
      outOfTime: waiting.length - done,
      regressions: waiting.flatMap(([document]) => regressions.get(document) ?? []),
    };
  } finally {
    await threads.close();
  }
}

/** What a thread has to say of a plan that failed is in the error of that plan. */
const SILENT = { error: () => undefined, warn: () => undefined };

async function regressionsOf(
  document: string,
  sharing: readonly KnownOperation[],
  base: Planner,
  candidate: Planner,
): Promise<readonly PlanRegression[]> {
  const [before, after] = await Promise.all([sizeOn(base, document), sizeOn(candidate, document)]);
  if (before.kind === 'failed') return []; // nothing to compare with
  const isWorse =
    after.kind === 'failed' || after.size.fetches > before.size.fetches || after.size.depth > before.size.depth;
  if (!isWorse) return [];
  return sharing.map((operation) => ({
    ...affectedOperation(operation),
    clients: clientsOf([operation]),
    before: before.size,
    after: after.kind === 'failed' ? null : after.size,
    reason: after.kind === 'failed' ? after.reason : null,
  }));
}

type Planned =
  { readonly kind: 'planned'; readonly size: PlanSize } | { readonly kind: 'failed'; readonly reason: string };

async function sizeOn(planner: Planner, document: string): Promise<Planned> {
  const node = parse(document, { noLocation: true });
  try {
    const { plan } = await planner.plan({
      document,
      operationName: null,
      overrides: {},
      conditions: everythingIncluded(node),
    });
    return { kind: 'planned', size: planSize(plan) };
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
}

/** Values of its conditions under which it asks for most: what `@include` names is true, what `@skip` names is not. */
function everythingIncluded(document: DocumentNode): ReadonlyMap<string, boolean> {
  const conditions = new Map<string, boolean>();
  visit(document, {
    Directive({ name, arguments: given }) {
      const value = given?.[0]?.value;
      if (value?.kind !== Kind.VARIABLE) return;
      if (name.value === 'include') conditions.set(value.name.value, true);
      else if (name.value === 'skip' && !conditions.has(value.name.value)) conditions.set(value.name.value, false);
    },
  });
  return conditions;
}
