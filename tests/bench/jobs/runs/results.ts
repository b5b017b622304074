import { medianOf } from '../../measure/median.js';
import { byTurns, type Rounds } from '../measure/by-turns.js';
import type { JobsBed } from '../measure/jobs-bed.js';
import { quantile } from '../measure/quantile.js';
import type { Options } from '../options.js';
import { QUEUE_NAMES, type QueueName } from '../queues/queue-names.js';
import { measureDrain, type DrainFigures } from './drain.js';
import { measureEnqueue, type EnqueueFigures } from './enqueue.js';
import { measureFlood, type FloodRound } from './flood.js';
import { measureIdle, type IdleFigures } from './idle.js';
import { measureStartDelay, type StartDelayRound } from './start-delay.js';

export const WORKING_JOB_MS = 5;

/** Over all jobs of all rounds. */
interface Delays {
  readonly jobs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}
export type StartDelayFigures = Delays & StartDelayRound['figures'];
export type FloodFigures = Delays & FloodRound['figures'];

/** Of each queue the median of its rounds, and how many times better ours is in what the run is about. */
export interface Compared<Figures> extends Partial<Record<QueueName, Figures>> {
  readonly ratio: number | null;
}

/** By run; of idling there are two. */
export interface Results {
  drain?: Compared<DrainFigures>;
  'drain-5ms'?: Compared<DrainFigures>;
  enqueue?: Compared<EnqueueFigures>;
  'start-delay'?: Compared<StartDelayFigures>;
  /** With one definition. */
  idle?: Compared<IdleFigures>;
  'idle-200'?: Compared<IdleFigures>;
  flood?: Compared<FloodFigures>;
}

/** All that is wanted, in the order of `RUN_NAMES`. */
export async function measureResults(bed: JobsBed, options: Options, report: (line: string) => void): Promise<Results> {
  const results: Results = {};
  for (const run of options.runs) {
    report(`${run} …`);
    const turns = <Figures>(
      measure: (name: QueueName) => Promise<Figures>,
      rounds = options.rounds,
    ): Promise<Rounds<Figures>> => byTurns(options.queues, rounds, measure, report);
    switch (run) {
      case 'drain':
        results[run] = compare(await turns((name) => measureDrain(bed, name, 0, options)), medianOf, rate);
        break;
      case 'drain-5ms':
        results[run] = compare(await turns((name) => measureDrain(bed, name, WORKING_JOB_MS, options)), medianOf, rate);
        break;
      case 'enqueue':
        results[run] = compare(await turns((name) => measureEnqueue(bed, name, options)), medianOf, rate);
        break;
      case 'start-delay':
        results[run] = compare(await turns((name) => measureStartDelay(bed, name, options)), withDelays, delay);
        break;
      case 'idle': {
        const { few, many } = await measureIdle(bed, options, report);
        results.idle = compare(few, medianOf, idleCost);
        results['idle-200'] = compare(many, medianOf, idleCost);
        break;
      }
      case 'flood':
        results[run] = compare(await turns((name) => measureFlood(bed, name, options), 1), withDelays, delay);
        break;
    }
  }
  return results;
}

const rate = (ours: { readonly jobsPerSecond: number }, other: typeof ours): number =>
  ours.jobsPerSecond / other.jobsPerSecond;
const delay = (ours: Delays, other: Delays): number => other.p99Ms / ours.p99Ms;
const idleCost = (ours: IdleFigures, other: IdleFigures): number =>
  other.transactionsPerSecond / ours.transactionsPerSecond;

function compare<Round, Figures>(
  rounds: Rounds<Round>,
  gather: (rounds: readonly Round[]) => Figures,
  ratioOf: (ours: Figures, agenda: Figures) => number,
): Compared<Figures> {
  const figures: Partial<Record<QueueName, Figures>> = {};
  for (const name of QUEUE_NAMES) if (rounds[name]) figures[name] = gather(rounds[name]);
  const { ours, agenda } = figures;
  return { ...figures, ratio: ours && agenda ? ratioOf(ours, agenda) : null };
}

function withDelays<Figure extends string>(
  rounds: readonly { readonly delaysMs: readonly number[]; readonly figures: Readonly<Record<Figure, number>> }[],
): Delays & Record<Figure, number> {
  const delays = rounds.flatMap(({ delaysMs }) => delaysMs);
  return {
    jobs: delays.length,
    p50Ms: quantile(delays, 0.5),
    p99Ms: quantile(delays, 0.99),
    mostMs: Math.max(...delays),
    ...medianOf(rounds.map(({ figures }) => figures)),
  };
}
