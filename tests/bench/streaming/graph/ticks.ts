import type { ExecutionResult } from 'graphql';

/** Numbered events, and everybody who listens to them. */
export class Ticks {
  readonly #listeners = new Set<Listener>();

  get listeners(): number {
    return this.#listeners.size;
  }

  publish(number: number): void {
    const event = {
      data: { tick: { __typename: 'Tick', id: String(number), number } },
      extensions: { eventId: `tick-${number}` },
    };
    for (const listener of this.#listeners) listener.hear(event);
  }

  listen(): AsyncIterableIterator<ExecutionResult> {
    const listener: Listener = new Listener(() => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    return listener;
  }
}

class Listener implements AsyncIterableIterator<ExecutionResult> {
  readonly #onLeave: () => void;
  readonly #unread: ExecutionResult[] = [];
  #waiting: ((result: IteratorResult<ExecutionResult>) => void) | null = null;
  #hasLeft = false;

  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  hear(event: ExecutionResult): void {
    if (this.#waiting === null) return void this.#unread.push(event);
    this.#waiting({ done: false, value: event });
    this.#waiting = null;
  }

  next(): Promise<IteratorResult<ExecutionResult>> {
    const event = this.#unread.shift();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#hasLeft) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  return(): Promise<IteratorResult<ExecutionResult>> {
    this.#hasLeft = true;
    this.#onLeave();
    this.#waiting?.({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
