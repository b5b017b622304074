import { GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { answerText } from '../executor/answer.js';
import type { OpenedOperation } from '../pipeline/open-operation.js';
import { ClientLeft, type RequestFacts } from '../routing/request-facts.js';
import { StreamPayload, type ClientStream } from './client-stream.js';
import { requestErrorsOf } from './request-error.js';
import { StoppableStream } from './stoppable-stream.js';

/** An operation that is refused or has failed: what its `error` message says. */
export class OperationRefused extends GraphQLError {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super(errors[0]?.message ?? 'The operation was refused.');
    this.errors = errors;
  }
}

/**
 * One operation of a WebSocket, from its `subscribe` message to its end, whatever ends it. Its payloads are pulled when the
 * ones before were handed to the kernel.
 */
export class WebSocketOperation implements AsyncIterableIterator<ExecutionResult> {
  readonly id: string;
  readonly characters: number;
  readonly facts: RequestFacts;
  readonly #onEnd: (operation: WebSocketOperation) => void;
  #stream: StoppableStream | null = null;
  #isStopping = false;
  #hasEnded = false;
  #neverComplete: ((result: IteratorResult<ExecutionResult>) => void) | null = null;

  /** `characters`: how long its message was. `onEnd`: called once. */
  constructor(id: string, characters: number, facts: RequestFacts, onEnd: (operation: WebSocketOperation) => void) {
    this.id = id;
    this.characters = characters;
    this.facts = facts;
    this.#onEnd = onEnd;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isOpening(): boolean {
    return this.#stream === null && !this.#hasEnded;
  }

  started(opened: OpenedOperation): void {
    this.#stream = new StoppableStream(streamOf(opened));
    if (opened.kind === 'stream') this.facts.dropDeadline();
    if (this.#hasEnded) void this.#stream.return();
    if (this.#isStopping) this.#stream.stop();
  }

  /** From our side, once the client has what was queued for it. It is not told that the operation is complete. */
  stop(): void {
    this.#isStopping = true;
    this.#stream?.stop();
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    this.facts.end.abort(new ClientLeft('The client left.'));
    this.facts.record?.left();
    void this.return();
  }

  async next(): Promise<IteratorResult<ExecutionResult>> {
    const result = await this.#stream!.next();
    if (result.done) {
      const wasStopped = this.#stream!.wasStopped && !this.#hasEnded;
      this.#end();
      // The end would be told to the client as `complete`: that is kept back until its connection has gone.
      return wasStopped ? new Promise((resolve) => (this.#neverComplete = resolve)) : DONE;
    }
    const errors = requestErrorsOf(result.value);
    const { record } = this.facts;
    if (record) record.payloads++;
    if (!errors) return { done: false, value: result.value.result };
    record?.told(errors);
    await this.return();
    throw new OperationRefused(errors);
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    this.#end();
    this.#neverComplete?.(DONE);
    await this.#stream?.return();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.facts.dropDeadline();
    this.facts.release();
    this.#onEnd(this);
    this.facts.record?.end();
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

const streamOf = (opened: OpenedOperation): ClientStream =>
  opened.kind === 'stream' ? opened.stream : onlyPayload(String(answerText(opened.executed.answer)));

async function* onlyPayload(text: string): ClientStream {
  yield new StreamPayload(text);
}
