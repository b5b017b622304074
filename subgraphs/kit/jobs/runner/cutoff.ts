/**
 * Ends a piece of work from outside, once. A signal takes long to make and most runs never ask for theirs, so it is made
 * when somebody does; who waits for the work races it with `aborted`.
 */
export class Cutoff {
  /** Rejects with the reason. */
  readonly aborted: Promise<never>;
  #reason: Error | null = null;
  #controller: AbortController | null = null;
  #reject!: (reason: Error) => void;

  constructor() {
    this.aborted = new Promise<never>((_, reject) => (this.#reject = reject));
    this.aborted.catch(() => undefined); // it may be cut off before anybody waits
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#reject(reason);
  }
}
