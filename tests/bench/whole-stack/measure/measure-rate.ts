import type { RateResult } from '../load/rate-order.js';
import type { CpuTimes, OperationsBed } from './operations-bed.js';

/** What a rate took, and of whom. */
export interface RateFigures extends RateResult {
  readonly perSecond: number;
  readonly answeredPerSecond: number;
  /** Milliseconds of user and system time, for each request. */
  readonly cpuMsPerRequest: { readonly stack: number; readonly postgresql: number; readonly sender: number };
  /** How many cores others used meanwhile: what they do is not the stack's doing. */
  readonly othersCores: number;
}

export async function measureRate(bed: OperationsBed, perSecond: number, seconds: number): Promise<RateFigures> {
  const before = await bed.cpu();
  const began = performance.now();
  const result = await bed.send(perSecond, seconds * 1_000);
  const elapsedMs = performance.now() - began;
  const after = await bed.cpu();
  const used = (name: keyof CpuTimes): number => after[name] - before[name];
  const [stackMs, postgresqlMs, senderMs] = [used('stackMs'), used('postgresqlMs'), used('senderMs')];
  return {
    ...result,
    perSecond,
    answeredPerSecond: result.answeredInTime / seconds,
    cpuMsPerRequest: {
      stack: stackMs / result.sent,
      postgresql: postgresqlMs / result.sent,
      sender: senderMs / result.sent,
    },
    othersCores: Math.max(0, used('machineMs') - stackMs - postgresqlMs - senderMs) / elapsedMs,
  };
}
