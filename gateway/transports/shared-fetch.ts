import type { RequestContext } from '@inevitable/contract';
import type { FetchesUnderWay } from './fetches-under-way.js';
import type { SubgraphFetch } from './subgraph-transport.js';
import type { TimeLimited, TimeLimits } from './time-limits.js';
import type { Awaited, Departure, Waiter } from './waiter.js';

/** What a call under way tells, once, and never after it was abandoned. */
export interface CallOutcome {
  answered(bytes: Buffer): void;
  failed(error: Error): void;
}

export interface Call {
  abandon(why: Departure): void;
}

export type StartCall = (fetch: SubgraphFetch, context: RequestContext, outcome: CallOutcome) => Call;

/** One fetch under way and everybody who waits for it. It ends with its answer, or when the last one has left. */
export class SharedFetch implements CallOutcome, TimeLimited, Awaited {
  readonly fetch: SubgraphFetch;
  readonly identity: string;
  /** The deadline the subgraph was told: of the waiter in whose name the fetch was sent. */
  dueAt = 0;
  slot = -1;
  readonly #start: StartCall;
  readonly #limits: TimeLimits;
  readonly #underWay: FetchesUnderWay | null;
  readonly #waiters: Waiter[] = [];
  #first: Waiter | null = null;
  #call: Call | null = null;

  constructor(
    fetch: SubgraphFetch,
    identity: string,
    { start, limits }: { start: StartCall; limits: TimeLimits },
    underWay: FetchesUnderWay | null,
  ) {
    this.fetch = fetch;
    this.identity = identity;
    this.#start = start;
    this.#limits = limits;
    this.#underWay = underWay;
  }

  begin(waiter: Waiter): void {
    this.#first = waiter;
    this.#waiters.push(waiter);
    waiter.waitFor(this);
    this.#send(waiter);
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
    waiter.waitFor(this);
    if (waiter.dueAt > this.dueAt) this.#limits.watch(this);
  }

  answered(bytes: Buffer): void {
    this.#end();
    for (const waiter of this.#waiters) waiter.answered({ kind: 'bytes', bytes, shared: waiter !== this.#first });
  }

  failed(error: Error): void {
    this.#end();
    for (const waiter of this.#waiters) waiter.failed(error);
  }

  departed(waiter: Waiter, why: Departure): void {
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
    if (this.#waiters.length > 0) return;
    this.#end();
    this.#call?.abandon(why);
  }

  /** The deadline the subgraph was told has passed, so it may have given up; whoever has more time asks again. */
  due(): void {
    const patient = this.#waiters.reduce((one, other) => (other.dueAt > one.dueAt ? other : one));
    if (patient.dueAt <= Date.now()) return;
    this.#call?.abandon('late');
    this.#send(patient);
  }

  #send(waiter: Waiter): void {
    this.dueAt = waiter.dueAt;
    this.#call = this.#start(this.fetch, waiter.context, this);
  }

  #end(): void {
    this.#limits.release(this);
    this.#underWay?.remove(this);
  }
}
