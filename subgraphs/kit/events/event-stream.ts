import { EventsMissed } from './heard-event.js';

/** What waits for a reader that is busy. Beyond it events are dropped, and the reader is told where. */
export const WAITING_EVENTS = 1_000;

interface Reader<Event> {
  resolve(step: IteratorResult<Event | EventsMissed, undefined>): void;
  reject(error: unknown): void;
}

/** Events pushed on one side and pulled on the other. `next()` that waits is answered by `return()`, unlike a generator's. */
export class EventStream<Event> implements AsyncIterableIterator<Event | EventsMissed, undefined> {
  readonly #waiting: (Event | EventsMissed)[] = [];
  readonly #readers: Reader<Event>[] = [];
  readonly #onEnd: () => void;
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;

  /** `onEnd` is called once, however it ends. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  push(event: Event): void {
    if (this.#waiting.length < WAITING_EVENTS) this.#give(event);
    else this.missed();
  }

  /** Notes that events are missing here; a second note in the same place says nothing new. */
  missed(): void {
    if (!(this.#waiting.at(-1) instanceof EventsMissed)) this.#give(new EventsMissed());
  }

  /** Ends it: what waits is still read, then `next()` throws `error`, once. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    const reader = this.#readers.shift();
    if (reader) reader.reject(error);
    else this.#failure = { error };
    this.#dismissReaders();
  }

  next(): Promise<IteratorResult<Event | EventsMissed, undefined>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = null;
      return Promise.reject(error as Error);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<Event | EventsMissed, undefined>> {
    this.#waiting.length = 0;
    this.#failure = null;
    if (!this.#isOver) this.#end();
    this.#dismissReaders();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(value: Event | EventsMissed): void {
    if (this.#isOver) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value });
    else this.#waiting.push(value);
  }

  #end(): void {
    this.#isOver = true;
    this.#onEnd();
  }

  #dismissReaders(): void {
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined });
  }
}
