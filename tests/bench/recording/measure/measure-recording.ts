import { median } from '../../measure/median.js';
import { byMode, MODES, type Mode } from '../modes.js';
import type { Options } from '../options.js';
import type { Received } from '../processes/receive-usage.js';
import type { Flush } from '../processes/serve-gateway.js';
import { bodyCount } from '../requests.js';
import { mean, meanEstimate, medianEstimate, type Estimate } from './estimate.js';
import type { RecordingBed } from './recording-bed.js';
import { shuffled } from './shuffled.js';

/** The recorder's own interval. A busy gateway has so much CPU to answer requests with. */
const FLUSH_EVERY_MS = 10_000;
/** Recorded requests between two flushes here, at least: that is sooner, so that there are enough to measure. */
const FLUSH_AFTER = 2_000;
/** Of everything there is to send. In the first after a flush each entry is made anew, and the median pair is to be of another. */
const ROUNDS_PER_FLUSH = 3;

export interface Figures {
  readonly documents: number;
  readonly clients: number;
  /** Blocks that were recorded, each beside one that was not. */
  readonly pairs: number;
  readonly requestsPerBlock: number;
  /** Microseconds for each request of the median block, without flushes. */
  readonly cpuUs: Readonly<Record<Mode, number>>;
  /** By how much more CPU a recorded block takes than the one beside it: the median pair. A part, 0 for nothing. */
  readonly counting: Estimate;
  /** The same of all blocks together: less exact, and with everything in it that is rare, such as major garbage collections. */
  readonly countingOfAll: Estimate;
  /** The CPU of one flush with every document of every client in it; and how many were measured. */
  readonly flushMs: number;
  readonly flushes: number;
  /** Of the CPU of a busy gateway: a part. */
  readonly flushing: number;
  /** `counting` and `flushing`. */
  readonly cost: Estimate;
  /** Requests that were to be recorded since the start, and what operations had of them. */
  readonly sent: number;
  readonly received: Received;
}

/** Milliseconds. */
type Pair = Readonly<Record<Mode, number>>;

/** Rejects when a request fails. */
export async function measureRecording(
  bed: RecordingBed,
  { connections, seconds, warmUpMs, documents, clients }: Options,
  report: (line: string) => void,
): Promise<Figures> {
  const flushAfter = Math.max(FLUSH_AFTER, ROUNDS_PER_FLUSH * bodyCount(documents) * clients);
  let flushedAt = 0;
  async function measureFor(ms: number): Promise<{ pairs: Pair[]; flushes: Flush[] }> {
    const pairs: Pair[] = [];
    const flushes: Flush[] = [];
    for (const began = performance.now(); performance.now() - began < ms || flushes.length === 0;) {
      pairs.push(await measurePair(bed));
      if (bed.recorded() - flushedAt < flushAfter) continue;
      flushedAt = bed.recorded();
      flushes.push(await bed.flush());
    }
    return { pairs, flushes };
  }

  report('warming up …');
  await measureFor(warmUpMs);
  report(`measuring for ${seconds} s …`);
  const { pairs, flushes } = await measureFor(seconds * 1_000);
  await bed.flush(); // the rest: operations is to have all of it

  const counting = medianEstimate(pairs.map(({ off, on }) => on / off - 1));
  const offMs = mean(pairs.map(({ off }) => off));
  const flushMs = flushOf(flushes, documents * clients);
  const flushing = flushMs / FLUSH_EVERY_MS;
  return {
    documents,
    clients,
    pairs: pairs.length,
    requestsPerBlock: connections,
    cpuUs: byMode((mode) => (median(pairs.map((pair) => pair[mode])) * 1_000) / connections),
    counting,
    countingOfAll: meanEstimate(pairs.map(({ off, on }) => (on - off) / offMs)),
    flushMs,
    flushes: flushes.length,
    flushing,
    cost: { value: counting.value + flushing, from: counting.from + flushing, to: counting.to + flushing },
    sent: bed.recorded(),
    received: await bed.received(),
  };
}

/** So short that whatever else the machine does disturbs both. Which is first is chance: it leaves the other warm caches. */
async function measurePair(bed: RecordingBed): Promise<Pair> {
  const pair = byMode(() => 0);
  for (const mode of shuffled(MODES)) pair[mode] = await bed.block(mode);
  return pair;
}

/** Milliseconds of one with so many entries. One that follows on a flush of the recorder's own has fewer. */
const flushOf = (flushes: readonly Flush[], entries: number): number =>
  (mean(flushes.map(({ cpuMs }) => cpuMs)) / mean(flushes.map((flush) => flush.entries))) * entries;
