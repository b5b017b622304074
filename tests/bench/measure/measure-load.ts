import type { LoadOrder } from '../load/load-order.js';
import { usageOf } from '../processes/usage.js';
import type { BenchBed } from './bench-bed.js';

/** What one load cost one gateway. */
export interface Measured {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerRequest: number;
  readonly subgraphRequestsPerRequest: number;
}

/** Throws when a request failed: the figures of the others would say nothing. */
export async function measureLoad(bed: BenchBed, pids: readonly number[], order: LoadOrder): Promise<Measured> {
  const asked = await bed.subgraphRequests();
  const before = await cpuMs(pids);
  const { completed, failed, failure, elapsedMs, p50Ms, p99Ms } = await bed.load(order);
  const after = await cpuMs(pids);
  if (failed > 0) throw new Error(`${failed} of ${failed + completed} requests failed, the first with ${failure}`);
  return {
    rps: (completed * 1_000) / elapsedMs,
    p50Ms,
    p99Ms,
    cpuMsPerRequest: (after - before) / completed,
    subgraphRequestsPerRequest: ((await bed.subgraphRequests()) - asked) / completed,
  };
}

async function cpuMs(pids: readonly number[]): Promise<number> {
  const usages = await Promise.all(pids.map(usageOf));
  return usages.reduce((sum, usage) => sum + usage.cpuMs, 0);
}
