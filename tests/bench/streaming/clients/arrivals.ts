import { machineTimeMs } from '../clock.js';

/** When the subscriptions of this process had each event. */
export class Arrivals {
  readonly #atMs = new Map<number, number[]>();
  readonly #awaited = new Map<number, { readonly count: number; readonly reached: () => void }>();

  /** One subscription has it. */
  note(event: number): void {
    let arrivals = this.#atMs.get(event);
    if (!arrivals) this.#atMs.set(event, (arrivals = []));
    const awaited = this.#awaited.get(event);
    if (arrivals.push(machineTimeMs()) === awaited?.count) awaited.reached();
  }

  /** Resolves with the times so far, the first one first, when there are `count`, or `withinMs` have passed. */
  async of(event: number, count: number, withinMs: number): Promise<readonly number[]> {
    if ((this.#atMs.get(event)?.length ?? 0) < count) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, withinMs);
        this.#awaited.set(event, {
          count,
          reached: () => {
            clearTimeout(late);
            resolve();
          },
        });
      });
      this.#awaited.delete(event);
    }
    return this.#atMs.get(event) ?? [];
  }
}
