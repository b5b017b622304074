import type { RateResult } from '../load/rate-order.js';
import type { OperationsBed } from './operations-bed.js';

/** What a rate took, and of whom. */
export interface RateFigures extends RateResult {
  readonly perSecond: number;
  readonly answeredPerSecond: number;
  /** Milliseconds of user and system time, for each request. */
  readonly cpuMsPerRequest: { readonly stack: number; readonly postgresql: number; readonly sender: number };
}

export async function measureRate(bed: OperationsBed, perSecond: number, seconds: number): Promise<RateFigures> {
  const before = await bed.cpu();
  const result = await bed.send(perSecond, seconds * 1_000);
  const after = await bed.cpu();
  const each = (ms: number): number => ms / result.sent;
  return {
    ...result,
    perSecond,
    answeredPerSecond: result.answeredInTime / seconds,
    cpuMsPerRequest: {
      stack: each(after.stackMs - before.stackMs),
      postgresql: each(after.postgresqlMs - before.postgresqlMs),
      sender: each(after.senderMs - before.senderMs),
    },
  };
}
