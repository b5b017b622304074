import { setMaxListeners } from 'node:events';
import { DeadlinePassed, type RequestContext } from '@inevitable/contract';
import type { EndSignal } from './end-signal.js';
import type { SubgraphAnswer } from './subgraph-transport.js';
import type { TimeLimited, TimeLimits } from './time-limits.js';

/** Why a caller no longer waits: its deadline passed, or it left. */
export type Departure = 'late' | 'left';

export interface Awaited {
  /** Not called for a caller who got its answer. */
  departed(waiter: Waiter, why: Departure): void;
}

/** One caller of one fetch. Settled once: by the answer, by its own leaving, or by its own deadline. */
export class Waiter implements TimeLimited {
  readonly context: RequestContext;
  readonly dueAt: number;
  slot = -1;
  readonly #subgraph: string;
  readonly #signal: EndSignal;
  readonly #limits: TimeLimits;
  readonly #resolve: (answer: SubgraphAnswer) => void;
  readonly #reject: (reason: unknown) => void;
  #awaited: Awaited | null = null;

  constructor(
    subgraph: string,
    context: RequestContext,
    signal: EndSignal,
    limits: TimeLimits,
    resolve: (answer: SubgraphAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#subgraph = subgraph;
    this.context = context;
    this.dueAt = context.deadline;
    this.#signal = signal;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** False: the caller is gone already or has no time left, was told so, and nothing is to be started for it. */
  isThere(): boolean {
    if (this.#signal.aborted) this.#reject(this.#signal.reason);
    else if (Date.now() >= this.dueAt) this.#reject(this.#late());
    else return true;
    return false;
  }

  /** From here on it leaves by itself, and `awaited` hears of it. */
  waitFor(awaited: Awaited | null): void {
    this.#awaited = awaited;
    // One operation may have any number of fetches under way; Node would warn of a leak at eleven.
    if (this.#signal instanceof AbortSignal) setMaxListeners(0, this.#signal);
    this.#signal.addEventListener('abort', this);
    this.#limits.watch(this);
  }

  answered(answer: SubgraphAnswer): void {
    this.#end();
    this.#resolve(answer);
  }

  failed(error: Error): void {
    this.#end();
    this.#reject(error);
  }

  due(): void {
    this.#depart(this.#late(), 'late');
  }

  /** The signal aborted. */
  handleEvent(): void {
    const { reason } = this.#signal;
    this.#depart(reason, reason instanceof DeadlinePassed ? 'late' : 'left');
  }

  #depart(reason: unknown, why: Departure): void {
    const awaited = this.#awaited;
    this.#end();
    this.#reject(reason);
    awaited?.departed(this, why);
  }

  #end(): void {
    this.#awaited = null;
    this.#signal.removeEventListener('abort', this);
    this.#limits.release(this);
  }

  #late(): DeadlinePassed {
    return new DeadlinePassed(`Subgraph "${this.#subgraph}" did not answer before the deadline.`);
  }
}
