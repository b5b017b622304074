import type { CompiledPlan } from '../compile-plan.js';

/** Which parts of a plan with something deferred have all they need. Part 0 is the first answer. */
export class PartProgress {
  readonly #plan: CompiledPlan;
  readonly #onComplete: (part: number) => void;
  /** How many steps each part waits for. */
  readonly #waitsFor: number[];
  readonly #isComplete: boolean[];

  /** `onComplete`: once for each part, and for each after the one it is within. */
  constructor(plan: CompiledPlan, onComplete: (part: number) => void) {
    this.#plan = plan;
    this.#onComplete = onComplete;
    this.#waitsFor = [
      plan.steps.filter(({ step }) => step.part === 0).length,
      ...plan.parts.map(({ needs }) => needs.length),
    ];
    this.#isComplete = this.#waitsFor.map(() => false);
  }

  /** Steps are done, with an answer or without. */
  done(indexes: readonly number[]): void {
    const { steps, parts } = this.#plan;
    for (const index of indexes) {
      if (steps[index]!.step.part === 0) this.#waitsFor[0]!--;
      parts.forEach(({ needs }, at) => {
        if (needs.includes(index)) this.#waitsFor[at + 1]!--;
      });
    }
    this.#look();
  }

  /** Nothing more comes. */
  giveUp(): void {
    this.#waitsFor.fill(0);
    this.#look();
  }

  /** The first that is not complete: to it belongs a fault of the engine's own. */
  get next(): number {
    return Math.max(0, this.#isComplete.indexOf(false));
  }

  /** A part stands behind the one it is within, so one pass finds all. */
  #look(): void {
    for (let part = 0; part < this.#waitsFor.length; part++) {
      const within = part === 0 ? 0 : this.#plan.parts[part - 1]!.within;
      if (this.#isComplete[part] || this.#waitsFor[part]! > 0 || (part > 0 && !this.#isComplete[within])) continue;
      this.#isComplete[part] = true;
      this.#onComplete(part);
    }
  }
}
