import { setTimeout as wait } from 'node:timers/promises';
import type { Options } from '../options.js';
import { measureRate, type RateFigures } from './measure-rate.js';
import type { OperationsBed } from './operations-bed.js';

const FIRST_PER_SECOND = 50;
const LEAST_PER_SECOND = 5;
const FACTOR = 1.5;
/** Rates that are tried between the highest that was borne and the lowest that was not. */
const BETWEEN = 2;
/** Of what was sent, answered by the end of the time. */
const FOLLOWS = 0.95;
const MOST_P99_MS = 1_000;
const REST_MS = 1_000;

export interface Step extends RateFigures {
  /** The stack kept up with it. */
  readonly isBorne: boolean;
}

export interface Saturation {
  /** The highest rate that was borne. */
  readonly perSecond: number;
  /** In the order in which they were tried. */
  readonly steps: readonly Step[];
}

/**
 * Raises the rate until answers do not follow any more, and tries what is between. What is not borne is tried once more:
 * the machine may have been disturbed.
 */
export async function findSaturation(
  bed: OperationsBed,
  { stepSeconds }: Options,
  report: (line: string) => void,
): Promise<Saturation> {
  const steps: Step[] = [];
  const tryRate = async (perSecond: number): Promise<boolean> => {
    const figures = await measureRate(bed, perSecond, stepSeconds);
    const { sent, answeredInTime, failed, failure, all } = figures;
    const isBorne = failed === 0 && answeredInTime >= FOLLOWS * sent && all.p99Ms <= MOST_P99_MS;
    steps.push({ ...figures, isBorne });
    const answered = `${figures.answeredPerSecond.toFixed(0)}/s answered, p99 ${all.p99Ms.toFixed(0)} ms`;
    report(
      `${perSecond}/s: ${answered}${isBorne ? '' : ', not borne'}${failure === null ? '' : `, ${failed} failed (${failure})`}`,
    );
    await wait(REST_MS);
    return isBorne;
  };
  let borne: number | null = null;
  let tooMuch: number | null = null;
  for (let between = 0; between < BETWEEN;) {
    const next: number = nextRate(borne, tooMuch);
    if (next < LEAST_PER_SECOND) throw new Error(`The stack does not bear ${LEAST_PER_SECOND} requests per second.`);
    if (borne !== null && tooMuch !== null) between++;
    if ((await tryRate(next)) || (await tryRate(next))) borne = next;
    else tooMuch = next;
  }
  return { perSecond: borne!, steps };
}

function nextRate(borne: number | null, tooMuch: number | null): number {
  if (borne === null) return tooMuch === null ? FIRST_PER_SECOND : Math.floor(tooMuch / FACTOR);
  return Math.round(tooMuch === null ? borne * FACTOR : Math.sqrt(borne * tooMuch));
}
