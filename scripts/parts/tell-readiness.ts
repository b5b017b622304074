import { setTimeout as wait } from 'node:timers/promises';
import type { HealthReport, PartHealth } from '@inevitable/contract';
import type { Closers } from './closers.js';

/** What takes less is not worth a line. */
const PATIENCE_MS = 1_000;
const LOOKED_AFTER_MS = 250;

export interface Wait {
  readonly health: () => Promise<HealthReport>;
  /** Which of its parts; those that are not ready unless told. */
  readonly isWaitedFor?: (part: PartHealth) => boolean;
  /** What stands before such a part and its reason. */
  readonly words: string;
  /** Said when nothing is waited for any more, also where nothing was. */
  readonly done?: string;
  /** In place of it where something was told. */
  readonly doneAtLast?: string;
}

const isNotReady = ({ ready }: PartHealth): boolean => !ready;
/** Something is wrong with it that does not keep its process from serving. */
export const hasReason = ({ reason }: PartHealth): boolean => reason !== null;

/** Says what is waited for and why, again when the reason is another one, and when nothing is left. Until `isOver`. */
async function tellWait(wanted: Wait, line: (text: string) => void, isOver: () => boolean): Promise<void> {
  const { health, isWaitedFor = isNotReady, words, done, doneAtLast = done } = wanted;
  const told = new Map<string, string | null>();
  const patientUntil = Date.now() + PATIENCE_MS;
  for (;;) {
    const waitedFor = (await health()).parts.filter(isWaitedFor);
    if (isOver()) return;
    if (waitedFor.length === 0) break;
    for (const { name, reason } of Date.now() < patientUntil ? [] : waitedFor) {
      if (told.get(name) !== reason) line(`${words} ${name}: ${reason}`);
      told.set(name, reason);
    }
    await wait(LOOKED_AFTER_MS);
    if (isOver()) return;
  }
  const last = told.size > 0 ? doneAtLast : done;
  if (last !== undefined) line(last);
}

/** Tells of one after the other while the process goes on, until it is stopped. */
export function tellReadiness(waits: readonly Wait[], line: (text: string) => void, closers: Closers): void {
  let isOver = false;
  closers.add('what is told of the start', async () => void (isOver = true));
  void (async () => {
    for (const wanted of waits) await tellWait(wanted, line, () => isOver);
  })();
}
