import type { RecognizeAnswer } from './compile-recognizer.js';

/** A subgraph that writes its JSON differently will go on doing so: after so many misses in a row nobody looks again. */
const MISSES = 20;

/** Looks whether a response can be passed on as it is, as long as that happens at all. */
export class PassThrough {
  readonly #recognize: RecognizeAnswer;
  #misses = 0;

  constructor(recognize: RecognizeAnswer) {
    this.#recognize = recognize;
  }

  recognizes(bytes: Buffer): boolean {
    if (this.#misses >= MISSES) return false;
    const recognized = this.#recognize(bytes);
    this.#misses = recognized ? 0 : this.#misses + 1;
    return recognized;
  }
}
