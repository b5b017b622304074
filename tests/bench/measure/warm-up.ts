import type { LoadOrder } from '../load/load-order.js';
import { usageOf } from '../processes/usage.js';
import type { BenchBed, GatewayUnderTest } from './bench-bed.js';
import { measureLoad } from './measure-load.js';

const SLICE_MS = 500;
/** A gateway that gets little of a busy machine is measured less warm, or a run would not end. */
const WALL_TIMES_CPU = 2;

/**
 * Loads a gateway until it has worked for `cpuMs`. Until V8 has compiled what runs often, a request costs several times
 * what it costs later, and how long that lasts is a matter of work done, not of time passed.
 */
export async function warmUp(bed: BenchBed, { pid }: GatewayUnderTest, order: LoadOrder, cpuMs: number): Promise<void> {
  const began = performance.now();
  const workedBefore = (await usageOf(pid)).cpuMs;
  let worked: number;
  do {
    await measureLoad(bed, [pid], { ...order, durationMs: SLICE_MS });
    worked = (await usageOf(pid)).cpuMs - workedBefore;
  } while (worked < cpuMs && performance.now() - began < cpuMs * WALL_TIMES_CPU);
}
