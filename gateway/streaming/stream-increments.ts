import type { Answer } from '../executor/answer.js';
import { Increments, type WrittenPart } from '../executor/defer/increments.js';
import type { CompiledPlan } from '../executor/compile-plan.js';
import type { FetchedPart } from '../executor/run-plan.js';
import type { TypeConditions } from '../executor/type-conditions.js';
import type { IncrementalSpec } from '../pipeline/receive.js';
import { StreamPayload, type ClientStream } from './client-stream.js';
import { INCREMENTAL_FORMATS, type IncrementalFormat } from './incremental-format.js';
import { QueuedStream } from './queued-stream.js';

/** As many as an operation can have parts, and as large as their answers are. */
const UNBOUNDED = { maxPayloads: Infinity, maxCharacters: Infinity };

/** Turns the parts of a deferred answer into payloads: the first at once, the others as they come, in their order. */
export class IncrementStream {
  readonly #queue = new QueuedStream(() => undefined, UNBOUNDED);
  readonly #format: IncrementalFormat;
  readonly #increments: Increments;
  readonly #arrived: { readonly part: number; readonly fetched: FetchedPart }[] = [];
  #left: number;
  #hasBegun = false;
  #isFlushing = false;

  constructor(
    plan: CompiledPlan,
    types: TypeConditions,
    variables: Readonly<Record<string, unknown>>,
    spec: IncrementalSpec,
  ) {
    this.#format = INCREMENTAL_FORMATS[spec];
    this.#increments = new Increments(plan, types, variables);
    this.#left = plan.deferred.length;
  }

  get stream(): ClientStream {
    return this.#queue;
  }

  begin(fetched: FetchedPart, answer: Answer): void {
    const pending = this.#increments.first(fetched, answer);
    this.#queue.push(new StreamPayload(this.#format.first(answer, pending, true)));
    this.#hasBegun = true;
    this.#flushSoon();
  }

  /** May be called before `begin`. */
  arrived(part: number, fetched: FetchedPart): void {
    this.#arrived.push({ part, fetched });
    this.#flushSoon();
  }

  /** What completes in one turn is one payload. */
  #flushSoon(): void {
    if (!this.#hasBegun || this.#isFlushing || this.#arrived.length === 0) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const written: WrittenPart[] = this.#arrived
      .splice(0)
      .map(({ part, fetched }) => this.#increments.next(part, fetched));
    this.#left -= written.length;
    const isLast = this.#left === 0;
    if (isLast || written.some(({ increments, pending }) => increments.length + pending.length > 0))
      this.#queue.push(new StreamPayload(this.#format.next(written, !isLast)));
    if (isLast) this.#queue.end();
  }
}
