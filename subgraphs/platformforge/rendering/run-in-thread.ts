import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ThreadAnswer, ThreadOrder, ThreadResults } from './thread-messages.js';

/** Only compiled code runs in a thread; under a test runner this file is its own source. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/rendering/template-thread.js' : './template-thread.js',
  import.meta.url,
);
/** Of the wall clock, many times what an order may take of a core: a busy machine must not decide what a template can. */
export const THREAD_MS = 15_000;
export const THREAD_MB = 128;

/** In the last two cases the thread has ended. */
export type ThreadOutcome<Kind extends keyof ThreadResults> =
  ThreadAnswer<Kind> | { readonly kind: 'late' } | { readonly kind: 'outOfMemory' };

/** Whom an order is for. Each has threads of its own, so that many uploads hold up no generation, nor the other way round. */
export type ThreadUse = 'generation' | 'upload';

/**
 * Does what may run for ever, or want all memory there is, in a thread that is ended then. Throws the signal's reason when
 * that aborts, and what is a fault of ours.
 */
export const runInThread = <Order extends ThreadOrder>(
  order: Order,
  use: ThreadUse,
  signal: AbortSignal,
  withinMs = THREAD_MS,
): Promise<ThreadOutcome<Order['kind']>> => threads[use].run(order, signal, withinMs);

/** Some threads, and who waits for them: an order's time begins when it has one, not while it waits. */
class Threads {
  #pool: Piscina | null = null;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly count: number) {
    this.#free = count;
  }

  async run<Order extends ThreadOrder>(
    order: Order,
    signal: AbortSignal,
    withinMs: number,
  ): Promise<ThreadOutcome<Order['kind']>> {
    await this.#enter(signal);
    const late = AbortSignal.timeout(withinMs);
    const broken = new AbortController();
    const breakOff = (error: unknown): void => broken.abort(error);
    const pool = this.#started().on('error', breakOff);
    try {
      const answer: unknown = await pool.run(order, { signal: AbortSignal.any([signal, late, broken.signal]) });
      return answer as ThreadAnswer<Order['kind']>;
    } catch (error) {
      signal.throwIfAborted();
      broken.signal.throwIfAborted();
      if (late.aborted) return { kind: 'late' };
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') return { kind: 'outOfMemory' };
      throw error;
    } finally {
      pool.off('error', breakOff);
      this.#leave();
    }
  }

  /** By the first order: most processes that know this file give none. Threads do not keep a process alive. */
  #started(): Piscina {
    if (this.#pool) return this.#pool;
    this.#pool = new Piscina({
      filename: fileURLToPath(ENTRY),
      minThreads: 0,
      maxThreads: this.count,
      idleTimeout: 30_000,
      env: { NODE_ENV: 'production' }, // nothing of the process's own environment is within a template's reach
      execArgv: [], // a flag may be about the process's own entry file
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MB, maxYoungGenerationSizeMb: 16 },
    });
    this.#pool.on('error', () => undefined); // a thread that ended while it had nothing to do is replaced at the next order
    return this.#pool;
  }

  /** Throws the signal's reason when it aborts first. */
  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}

/** As many generations as the job runs in one worker; uploads are seldom, and short. */
const threads: Readonly<Record<ThreadUse, Threads>> = { generation: new Threads(2), upload: new Threads(1) };
