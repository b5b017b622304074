import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** What a process has borne since it was read before. */
export interface Load {
  /** By so much 9 of 10 turns of the event loop were late, or by less. */
  readonly eventLoopDelayMs: number;
  /** Of what may be in use before the process is ended. */
  readonly heapPercent: number;
}

export interface LoadReader {
  read(): Load;
  close(): void;
}

const RESOLUTION_MS = 20;
/**
 * V8's limit is that of the old generation and of three semi-spaces of 16 MiB for the young one; the process ends when the
 * old one is full.
 */
const YOUNG_GENERATION_BYTES = 48 * 1_024 * 1_024;

/** Of this process. */
export function loadReader(): LoadReader {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let readAt = performance.now();
  return {
    read() {
      const sinceRead = performance.now() - readAt;
      readAt += sinceRead;
      // Nanoseconds between two turns that are RESOLUTION_MS apart when nothing keeps them waiting.
      const between = delays.count > 0 ? delays.percentile(90) / 1e6 : sinceRead;
      const eventLoopDelayMs = Math.max(0, between - RESOLUTION_MS);
      delays.reset();
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      return { eventLoopDelayMs, heapPercent: (100 * used) / (limit - YOUNG_GENERATION_BYTES) };
    },
    close: () => void delays.disable(),
  };
}
