import type { RecognizeAnswer } from './compile-recognizer.js';

/** A subgraph's response that already is the client's answer. */
export interface PassedThrough {
  readonly bytes: Buffer;
  /** In `data`, without `data` itself. */
  readonly objects: number;
}

/** A subgraph that writes its JSON differently will go on doing so: after so many misses in a row nobody looks again. */
const MISSES = 20;

/** Looks whether a response can be passed on as it is, as long as that happens at all. */
export class PassThrough {
  readonly #recognize: RecognizeAnswer;
  #misses = 0;

  constructor(recognize: RecognizeAnswer) {
    this.#recognize = recognize;
  }

  /** Null: it cannot be passed on. */
  of(bytes: Buffer): PassedThrough | null {
    if (this.#misses >= MISSES) return null;
    const objects = this.#recognize(bytes);
    this.#misses = objects === null ? this.#misses + 1 : 0;
    return objects === null ? null : { bytes, objects };
  }
}
