import { median } from '../../measure/median.js';
import type { StackBed } from '../measure/stack-bed.js';
import type { Options } from '../options.js';

export const KINDS = ['unknown user', 'wrong password', 'disabled user'] as const;
export type Kind = (typeof KINDS)[number];

export interface TimingFigures {
  readonly samples: number;
  /** Milliseconds. */
  readonly medians: Readonly<Record<Kind, number>>;
  /** The slowest median above the fastest, as a part of it. */
  readonly spread: number;
}

/** Each of them follows each other as often: what one leaves to be done meets all alike. */
function orderOf(index: number): readonly Kind[] {
  const turned = KINDS.map((_, turn) => KINDS[(turn + index) % KINDS.length]!);
  return Math.floor(index / KINDS.length) % 2 === 0 ? turned : turned.reverse();
}

/** One at a time, in turn, each of another person and from another address: nothing but the account differs. */
export async function measureTiming(stack: StackBed, { samples }: Options): Promise<TimingFigures> {
  const [known, disabled] = [await stack.people(samples), await stack.people(samples, { status: 'disabled' })];
  const attempts: Readonly<Record<Kind, (index: number) => ReturnType<StackBed['login']>>> = {
    'unknown user': (index) => stack.login(`stranger-${index}@bench.test`, 'a wrong password'),
    'wrong password': (index) => stack.login(known[index]!, 'a wrong password'),
    'disabled user': (index) => stack.login(disabled[index]!),
  };
  const took: Record<Kind, number[]> = { 'unknown user': [], 'wrong password': [], 'disabled user': [] };
  for (let index = 0; index < samples; index++)
    for (const kind of orderOf(index)) {
      const startedAt = performance.now();
      const { status } = await attempts[kind](index);
      took[kind].push(performance.now() - startedAt);
      if (status !== 401) throw new Error(`A sign-in (${kind}) was answered with ${status}.`);
    }
  const medians = Object.fromEntries(KINDS.map((kind) => [kind, median(took[kind])])) as Record<Kind, number>;
  const all = Object.values(medians);
  return { samples, medians, spread: Math.max(...all) / Math.min(...all) - 1 };
}
