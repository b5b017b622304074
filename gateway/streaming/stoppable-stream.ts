import type { ClientStream, StreamPayload } from './client-stream.js';

/** A stream that can be ended from our side, once the client has what was queued for it. */
export class StoppableStream implements AsyncIterableIterator<StreamPayload> {
  readonly #source: ClientStream;
  #isStopping = false;
  #wasStopped = false;
  #waiting: ((result: IteratorResult<StreamPayload>) => void) | null = null;

  constructor(source: ClientStream) {
    this.#source = source;
  }

  /** True: it did not end by itself, and may have had more to tell. */
  get wasStopped(): boolean {
    return this.#wasStopped;
  }

  stop(): void {
    this.#isStopping = true;
    this.#stopUnlessMore();
  }

  /** As any iterator of one reader: the next is asked for when the last has come. */
  next(): Promise<IteratorResult<StreamPayload>> {
    return new Promise((resolve, reject) => {
      this.#waiting = resolve;
      this.#source.next().then((result) => {
        if (this.#waiting === resolve) this.#waiting = null;
        resolve(result);
      }, reject);
      if (this.#isStopping) this.#stopUnlessMore();
    });
  }

  async return(): Promise<IteratorResult<StreamPayload>> {
    this.#waiting?.(DONE);
    this.#waiting = null;
    await this.#source.return?.();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #stopUnlessMore(): void {
    const waiting = this.#waiting;
    // What is queued comes without waiting for anything outside of this process: promises that are kept already.
    setImmediate(() => {
      if (waiting === null || this.#waiting !== waiting) return;
      this.#wasStopped = true;
      void this.return();
    });
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
