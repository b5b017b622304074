import type { LoadOrder } from '../load/load-order.js';
import { usageOf } from '../processes/usage.js';
import type { BenchBed, GatewayUnderTest } from './bench-bed.js';
import { measureLoad } from './measure-load.js';
import { median } from './median.js';

const SLICE_MS = 500;
/** So many slices are compared with as many before them. */
const COMPARED = 4;
/** What is gained by less is not worth the wait: two slices of a noisy machine differ by more. */
const STILL_CHEAPER = 0.95;
/** Of the least work: who gets cheaper for ever is measured then. */
const MOST_TIMES = 4;
/** A gateway that gets little of a busy machine is measured less warm, or a run would not end. */
const WALL_TIMES_CPU = 2;

/**
 * Loads a gateway until it has worked for `cpuMs`, and on while its requests get cheaper, to four times that. Until V8 has
 * compiled what runs often, a request costs several times what it costs later, and how long that lasts is a matter of work
 * done, not of time passed: of 10,000 requests of one gateway, and of 1,000 of another that does more for each.
 */
export async function warmUp(bed: BenchBed, { pid }: GatewayUnderTest, order: LoadOrder, cpuMs: number): Promise<void> {
  const began = performance.now();
  const workedBefore = (await usageOf(pid)).cpuMs;
  const costs: number[] = [];
  const goOn = (worked: number, most: number): boolean =>
    worked < most && performance.now() - began < most * WALL_TIMES_CPU;
  let worked: number;
  do {
    costs.push((await measureLoad(bed, [pid], { ...order, durationMs: SLICE_MS })).cpuMsPerRequest);
    worked = (await usageOf(pid)).cpuMs - workedBefore;
  } while (goOn(worked, cpuMs) || (getsCheaper(costs) && goOn(worked, cpuMs * MOST_TIMES)));
}

function getsCheaper(costs: readonly number[]): boolean {
  if (costs.length < 2 * COMPARED) return true;
  return median(costs.slice(-COMPARED)) < median(costs.slice(-2 * COMPARED, -COMPARED)) * STILL_CHEAPER;
}
