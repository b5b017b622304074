import { z } from 'zod';

/** `shedding:` within `protection:`. */
export const sheddingKey = z
  .strictObject({
    event_loop_delay_ms: z.int().min(50).default(500),
    heap_percent: z.int().min(20).max(99).default(90),
  })
  .transform((read) => ({
    /** By how much 9 of 10 turns of the event loop may be late. */
    eventLoopDelayMs: read.event_loop_delay_ms,
    /** How much of the heap may be in use. */
    heapPercent: read.heap_percent,
  }))
  .prefault({});

export type SheddingSettings = z.output<typeof sheddingKey>;

export const DEFAULT_SHEDDING: SheddingSettings = sheddingKey.parse(undefined);
