import type { Answer } from '../executor/answer.js';
import { Increments, type WrittenPart } from '../executor/defer/increments.js';
import type { CompiledPlan } from '../executor/compile-plan.js';
import type { FetchedPart } from '../executor/run-plan.js';
import type { TypeConditions } from '../executor/type-conditions.js';
import type { IncrementalSpec } from '../pipeline/receive.js';
import { RequestEnd } from '../routing/request-end.js';
import { ClientLeft } from '../routing/request-facts.js';
import type { EndSignal } from '../transports/end-signal.js';
import { StreamPayload, type ClientStream } from './client-stream.js';
import { INCREMENTAL_FORMATS, type IncrementalFormat } from './incremental-format.js';
import { QueuedStream } from './queued-stream.js';

/** As many as an operation can have parts, and as large as their answers are. */
const UNBOUNDED = { maxPayloads: Infinity, maxCharacters: Infinity };

/** Turns the parts of a deferred answer into payloads: the first at once, the others as they come, in their order. */
export class IncrementStream {
  /** When nobody waits for a part any more: the request has ended, or the client left the stream. */
  readonly end = new RequestEnd();
  /** Resolves when nothing more is fetched for the stream. */
  readonly fetched: Promise<void>;
  readonly #queue = new QueuedStream(() => this.#leave(), UNBOUNDED);
  readonly #format: IncrementalFormat;
  readonly #increments: Increments;
  readonly #arrived: { readonly part: number; readonly fetched: FetchedPart }[] = [];
  readonly #request: EndSignal;
  readonly #requestEnded = { handleEvent: () => this.end.abort(this.#request.reason as Error) };
  #settle!: () => void;
  #left: number;
  #hasBegun = false;
  #hasLeft = false;
  #isFlushing = false;

  constructor(
    plan: CompiledPlan,
    types: TypeConditions,
    variables: Readonly<Record<string, unknown>>,
    spec: IncrementalSpec,
    request: EndSignal,
  ) {
    this.fetched = new Promise((resolve) => (this.#settle = resolve));
    this.#request = request;
    request.addEventListener('abort', this.#requestEnded);
    if (request.aborted) this.#requestEnded.handleEvent();
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
    if (!this.#hasBegun || this.#hasLeft || this.#isFlushing || this.#arrived.length === 0) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      if (!this.#hasLeft) this.#flush();
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
    if (isLast) {
      this.#queue.end();
      this.#over();
    }
  }

  /** Parts that still come are for nobody. */
  #leave(): void {
    this.#hasLeft = true;
    this.end.abort(new ClientLeft('The client left what was deferred.'));
    this.#over();
  }

  #over(): void {
    this.#request.removeEventListener('abort', this.#requestEnded);
    this.#settle();
  }
}
