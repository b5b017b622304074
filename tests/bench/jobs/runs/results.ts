import { medianOf } from '../../measure/median.js';
import { byTurns, type Rounds } from '../measure/by-turns.js';
import type { JobsBed } from '../measure/jobs-bed.js';
import { quantile } from '../measure/quantile.js';
import type { Options } from '../options.js';
import { QUEUE_NAMES, QUEUE_ON, storageOf, STORAGES, type QueueName, type Storage } from '../queues/queue-names.js';
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
  /** On PostgreSQL. */
  readonly ratio: number | null;
  readonly mongodbRatio: number | null;
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
    /** One storage after the other. `once`: whatever the rounds of the others are. */
    async function turns<Figures>(
      measure: (name: QueueName) => Promise<Figures>,
      { once = false } = {},
    ): Promise<Rounds<Figures>> {
      const all: Rounds<Figures> = {};
      for (const storage of STORAGES) {
        const names = options.queues.filter((name) => storageOf(name) === storage);
        Object.assign(all, await byTurns(names, once ? 1 : options.load[storage].rounds, measure, report));
      }
      return all;
    }
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
        results[run] = compare(
          await turns((name) => measureFlood(bed, name, options), { once: true }),
          withDelays,
          delay,
        );
        break;
    }
  }
  return results;
}

const rate = (ours: { readonly jobsPerSecond: number }, other: typeof ours): number =>
  ours.jobsPerSecond / other.jobsPerSecond;
const delay = (ours: Delays, other: Delays): number => other.p99Ms / ours.p99Ms;
const asked = ({ transactionsPerSecond, commandsPerSecond }: IdleFigures): number =>
  transactionsPerSecond + commandsPerSecond;
const idleCost = (ours: IdleFigures, other: IdleFigures): number => asked(other) / asked(ours);

function compare<Round, Figures>(
  rounds: Rounds<Round>,
  gather: (rounds: readonly Round[]) => Figures,
  ratioOf: (ours: Figures, agenda: Figures) => number,
): Compared<Figures> {
  const figures: Partial<Record<QueueName, Figures>> = {};
  for (const name of QUEUE_NAMES) if (rounds[name]) figures[name] = gather(rounds[name]);
  const ratioOn = (storage: Storage): number | null => {
    const ours = figures[QUEUE_ON[storage].ours];
    const agenda = figures[QUEUE_ON[storage].agenda];
    return ours && agenda ? ratioOf(ours, agenda) : null;
  };
  return { ...figures, ratio: ratioOn('postgresql'), mongodbRatio: ratioOn('mongodb') };
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
