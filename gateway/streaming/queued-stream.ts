import type { ClientStream, StreamPayload } from './client-stream.js';

export interface StreamBounds {
  readonly maxPayloads: number;
  /** Of the payloads' texts together. */
  readonly maxCharacters: number;
}

/** A client that reads has a handful waiting. One that does not may cost this much, and no more. */
export const STREAM_BOUNDS: StreamBounds = { maxPayloads: 1_000, maxCharacters: 1_048_576 };

/** Payloads that wait until the client's transport asks for them: pushed on one side, pulled on the other, bounded between. */
export class QueuedStream implements ClientStream {
  readonly #bounds: StreamBounds;
  readonly #onLeave: () => void;
  #queue: StreamPayload[] = [];
  #characters = 0;
  #hasEnded = false;
  readonly #onPulled: (() => void)[] = [];
  #waiting: ((result: IteratorResult<StreamPayload>) => void) | null = null;

  /** `onLeave`: called once when the client leaves before the end. */
  constructor(onLeave: () => void, bounds: StreamBounds = STREAM_BOUNDS) {
    this.#onLeave = onLeave;
    this.#bounds = bounds;
  }

  /** False: it would be more than may wait, and was not taken. After the end nothing is. */
  push(payload: StreamPayload): boolean {
    if (this.#hasEnded) return false;
    if (this.#waiting) {
      this.#tell({ done: false, value: payload });
      return true;
    }
    const characters = this.#characters + payload.text.length;
    // One that is longer than the bound by itself still goes to a client that has read everything else.
    if (
      this.#queue.length > 0 &&
      (this.#queue.length >= this.#bounds.maxPayloads || characters > this.#bounds.maxCharacters)
    )
      return false;
    this.#queue.push(payload);
    this.#characters = characters;
    return true;
  }

  /** Idempotent. What waits is still sent, and `last` after it. */
  end(last?: StreamPayload): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tellPulled();
    if (last && this.#waiting) this.#tell({ done: false, value: last });
    else if (last) this.#queue.push(last);
    else if (this.#waiting) this.#tell(DONE);
  }

  /** Resolves when something was taken out, or nothing more will be. */
  pulled(): Promise<void> {
    return this.#hasEnded ? Promise.resolve() : new Promise((resolve) => this.#onPulled.push(resolve));
  }

  next(): Promise<IteratorResult<StreamPayload>> {
    const payload = this.#queue.shift();
    if (payload) {
      this.#characters -= payload.text.length;
      this.#tellPulled();
      return Promise.resolve({ done: false, value: payload });
    }
    if (this.#hasEnded) return Promise.resolve(DONE);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  return(): Promise<IteratorResult<StreamPayload>> {
    const leaves = !this.#hasEnded;
    this.#hasEnded = true;
    this.#queue = [];
    this.#tellPulled();
    if (this.#waiting) this.#tell(DONE);
    if (leaves) this.#onLeave();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tellPulled(): void {
    for (const resolve of this.#onPulled.splice(0)) resolve();
  }

  #tell(result: IteratorResult<StreamPayload>): void {
    const waiting = this.#waiting!;
    this.#waiting = null;
    waiting(result);
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
