/** One piece of work at a time for each key, so many more waiting for it, and a refusal for all others. */
export class InTurn {
  /** Who waits, by key. There is an entry while one is at work. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly mostWaiting: number,
    private readonly full: () => Error,
  ) {}

  /** Throws what `full` made, the signal's reason when it aborts before the work begins, and what the work throws. */
  async take<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const waiting = this.#waiting.get(key);
    if (!waiting) this.#waiting.set(key, []);
    else if (waiting.length >= this.mostWaiting) throw this.full();
    else await turnOf(waiting, signal);
    try {
      return await work();
    } finally {
      this.#pass(key);
    }
  }

  /** Whoever ends hands its turn over. */
  #pass(key: string): void {
    const next = this.#waiting.get(key)?.shift();
    if (next) next();
    else this.#waiting.delete(key);
  }
}

const turnOf = (waiting: (() => void)[], signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const begin = (): void => {
      signal.removeEventListener('abort', leave);
      resolve();
    };
    const leave = (): void => {
      waiting.splice(waiting.indexOf(begin), 1);
      reject(signal.reason as Error);
    };
    waiting.push(begin);
    signal.addEventListener('abort', leave, { once: true });
  });
