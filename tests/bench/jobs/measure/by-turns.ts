import type { QueueName } from '../queues/queue-names.js';

/** Of each queue, the figures of every round. */
export type Rounds<Figures> = Partial<Record<QueueName, readonly Figures[]>>;

/**
 * Measures the queues in turn within each round, every other round in the opposite order, so that what disturbs the machine
 * for a while disturbs both. A queue that fails is left out from then on and named to `report`.
 */
export async function byTurns<Figures>(
  names: readonly QueueName[],
  rounds: number,
  measure: (name: QueueName) => Promise<Figures>,
  report: (line: string) => void,
): Promise<Rounds<Figures>> {
  const all = new Map<QueueName, Figures[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const figures = all.get(name);
      if (!figures) continue;
      try {
        figures.push(await measure(name));
      } catch (error) {
        report(`${name} is left out: ${(error as Error).message}`);
        all.delete(name);
      }
    }
  }
  return Object.fromEntries(all);
}
