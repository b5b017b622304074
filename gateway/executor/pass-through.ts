import type { RecognizeAnswer } from './compile-recognizer.js';

/** A subgraph's response that already is the client's answer. */
export interface PassedThrough {
  readonly bytes: Buffer;
  /** In `data`, without `data` itself. */
  readonly objects: number;
}

/** A subgraph that writes its JSON differently will go on doing so: after so many misses in a row nobody looks again. */
const MISSES = 20;

/** One that was just generated takes longer for less than to read and write it does (decisions/0035). */
const WORTH_ONE_BYTES = 1024 * 1024;

/** Looks whether a response can be passed on as it is, as long as that happens at all. */
export class PassThrough {
  readonly #compile: () => RecognizeAnswer | null;
  #recognize: RecognizeAnswer | null = null;
  #isNew = true;
  #misses = 0;

  /** `compile` is called once, when there is an answer that it is worth it for: the second one, or a large one. */
  constructor(compile: () => RecognizeAnswer | null) {
    this.#compile = compile;
  }

  /** Null: it cannot be passed on. */
  of(bytes: Buffer): PassedThrough | null {
    if (this.#misses >= MISSES) return null;
    if (this.#isNew && bytes.length < WORTH_ONE_BYTES) {
      this.#isNew = false;
      return null;
    }
    const objects = this.#recognizer()?.(bytes) ?? null;
    this.#misses = objects === null ? this.#misses + 1 : 0;
    return objects === null ? null : { bytes, objects };
  }

  #recognizer(): RecognizeAnswer | null {
    this.#isNew = false;
    this.#recognize ??= this.#compile();
    if (!this.#recognize) this.#misses = MISSES;
    return this.#recognize;
  }
}
