import {
  CallerError,
  contextOf,
  DeadlinePassed,
  ERROR_CODES,
  OperatorError,
  type ErrorCode,
  type EventExtensions,
  type RequestContext,
} from '@inevitable/contract';
import {
  createSourceEventStream,
  execute,
  GraphQLError,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { EventsMissed, HeardEvent } from '../events/heard-event.js';
import { presentResult } from './present-errors.js';
import { productContext, type HostedResources } from './product-context.js';

/** How long the product may take over one event, in milliseconds. */
const EVENT_DEADLINE_MS = 30_000;

/** A subscription as it is asked for, and what it runs on. */
export interface SubscriptionToOpen {
  readonly schema: GraphQLSchema;
  readonly resources: HostedResources;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly lastEventId: string | undefined;
}

/** A resolver refused a subscription with a `GraphQLError` of its own, or its variables do not fit. */
class SubscriptionRefused extends CallerError {
  override readonly details: Readonly<Record<string, unknown>>;
  constructor(
    message: string,
    readonly code: ErrorCode,
    details: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.details = details;
  }
}

/** The product failed where it should have begun to listen; logged already. */
class SubscriptionFailed extends OperatorError {
  readonly code = 'INTERNAL';
}

/**
 * Starts a subscription (GraphQL specification, 6.2.3): its source events are those of the field's `subscribe`, and each
 * is executed with a context of its own. Throws the `CallerError` or `OperatorError` it is refused with.
 */
export async function openSubscription(
  subscription: SubscriptionToOpen,
  caller: RequestContext,
): Promise<AsyncIterableIterator<ExecutionResult>> {
  const { schema, resources, document, operationName, variables, lastEventId } = subscription;
  const ending = new AbortController();
  const request = contextOf({ ...factsOf(caller), deadline: caller.deadline, signal: ending.signal }, caller);
  const source = await createSourceEventStream({
    schema,
    document,
    operationName: operationName ?? null,
    variableValues: variables ?? null,
    contextValue: productContext(request, resources, lastEventId),
  });
  if (Symbol.asyncIterator in source) return new ExecutedEvents(source, subscription, caller, ending);
  ending.abort();
  throw refusalIn(source, caller, resources);
}

const factsOf = ({ requestId, trace, deployment, client }: RequestContext) => ({
  requestId,
  trace,
  deployment,
  client,
});

function refusalIn(refused: ExecutionResult, caller: RequestContext, resources: HostedResources): Error {
  const [presented] = presentResult(refused, caller, resources).errors!;
  const cause = refused.errors![0]!.originalError;
  if (cause instanceof CallerError || cause instanceof OperatorError) return cause;
  const { code, ...details } = presented!.extensions as { code: ErrorCode };
  return ERROR_CODES[code].status >= 500
    ? new SubscriptionFailed('A subscription could not be started.', { cause })
    : new SubscriptionRefused(presented!.message, code, details);
}

class ExecutedEvents implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #source: AsyncIterator<unknown>;
  readonly #subscription: SubscriptionToOpen;
  readonly #caller: RequestContext;
  /** Aborts what listens for this subscription, however the product has wrapped it. */
  readonly #ending: AbortController;
  readonly #running = new Set<AbortController>();
  #isOver = false;

  constructor(
    source: AsyncIterable<unknown>,
    subscription: SubscriptionToOpen,
    caller: RequestContext,
    ending: AbortController,
  ) {
    this.#source = source[Symbol.asyncIterator]();
    this.#subscription = subscription;
    this.#caller = caller;
    this.#ending = ending;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (this.#isOver) return OVER;
    let step;
    try {
      step = await this.#source.next();
    } catch (error) {
      if (this.#isOver) return OVER;
      this.#end();
      return { done: false, value: this.#present({ data: null, errors: [asGraphQLError(error)] }) };
    }
    if (step.done) this.#end();
    if (this.#isOver) return OVER;
    const result = await this.#answer(step.value);
    return this.#isOver ? OVER : { done: false, value: result };
  }

  return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    if (!this.#isOver) {
      this.#end();
      // Not waited for: a generator of the product's ends when what it awaits has come, and that may be never.
      this.#source.return?.()?.catch(() => undefined);
    }
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    this.#isOver = true;
    this.#ending.abort();
    for (const event of this.#running) event.abort();
  }

  async #answer(event: unknown): Promise<ExecutionResult> {
    if (event instanceof EventsMissed)
      return { data: null, extensions: { eventsMissed: true } satisfies EventExtensions };
    const result = this.#present(await this.#execute(event));
    if (!(event instanceof HeardEvent)) return result;
    return { ...result, extensions: { ...result.extensions, eventId: event.id } satisfies EventExtensions };
  }

  /** With a context of this one event: its own deadline, signal and database handle. */
  async #execute(event: unknown): Promise<ExecutionResult> {
    const { schema, resources, document, operationName, variables } = this.#subscription;
    const running = new AbortController();
    this.#running.add(running);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ExecutionResult>((resolve) => {
      timer = setTimeout(() => {
        const error = new DeadlinePassed(`An event was not answered within ${EVENT_DEADLINE_MS} ms.`);
        running.abort(error);
        resolve({ data: null, errors: [asGraphQLError(error)] });
      }, EVENT_DEADLINE_MS);
    });
    const deadline = Date.now() + EVENT_DEADLINE_MS;
    const request = contextOf({ ...factsOf(this.#caller), deadline, signal: running.signal }, this.#caller);
    try {
      const answered = execute({
        schema,
        document,
        operationName: operationName ?? null,
        variableValues: variables ?? null,
        rootValue: event,
        contextValue: productContext(request, resources),
      });
      return await Promise.race([answered, late]);
    } finally {
      clearTimeout(timer);
      this.#running.delete(running);
    }
  }

  #present(result: ExecutionResult): ExecutionResult {
    return presentResult(result, this.#caller, this.#subscription.resources);
  }
}

const OVER = Object.freeze({ done: true, value: undefined } as const);

const asGraphQLError = (error: unknown): GraphQLError =>
  error instanceof GraphQLError ? error : new GraphQLError('An event failed.', { originalError: error as Error });
