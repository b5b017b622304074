import { SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import type { Dispatcher } from 'undici';
import type { CallResult, CircuitBreaker, Permit } from './circuit-breaker.js';
import { BodyTooLarge, HttpExchange, type BrokenExchange, type ExchangeOutcome } from './http-exchange.js';
import { mayRetry } from './may-retry.js';
import { parseAnswer } from './parse-answer.js';
import type { RetryBudget } from './retry-budget.js';
import type { Call, CallOutcome } from './shared-fetch.js';
import type { SubgraphFetch } from './subgraph-transport.js';
import type { TimeLimited, TimeLimits } from './time-limits.js';
import type { Departure } from './waiter.js';

const JSON_TYPE = /^application\/(graphql-response\+)?json\b/i;
/** undici was asked wrongly or is closed: our doing, which says nothing about the subgraph. */
const OURS = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** What all calls of one subgraph have in common. */
export interface Upstream {
  readonly name: string;
  /** For messages. */
  readonly url: string;
  readonly dispatcher: Dispatcher;
  readonly path: string;
  /** False: it is told nothing about the caller (`--auth off`). */
  readonly isToldTheCaller: boolean;
  readonly breaker: CircuitBreaker;
  readonly retries: RetryBudget;
  readonly limits: TimeLimits;
  /** The longest one fetch may take, its retry included. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  /** Names and values by turns. */
  headers(fetch: SubgraphFetch, context: RequestContext): string[];
}

/**
 * One fetch sent to one subgraph: at most twice, never while its circuit is open, and for `timeoutMs` at most. What it
 * answers is JSON, and where the status is not a success, a GraphQL response.
 */
export class UpstreamCall implements Call, ExchangeOutcome, TimeLimited {
  readonly dueAt: number;
  slot = -1;
  readonly #upstream: Upstream;
  readonly #fetch: SubgraphFetch;
  readonly #context: RequestContext;
  readonly #outcome: CallOutcome;
  readonly #startedAt: number;
  #exchange: HttpExchange | null = null;
  #permit: Permit | null = null;
  #isRetry = false;

  constructor(upstream: Upstream, fetch: SubgraphFetch, context: RequestContext, outcome: CallOutcome) {
    this.#upstream = upstream;
    this.#fetch = fetch;
    this.#context = context;
    this.#outcome = outcome;
    this.#startedAt = Date.now();
    this.dueAt = this.#startedAt + upstream.timeoutMs;
  }

  start(): this {
    this.#upstream.retries.sent();
    // Whoever waits ends it at the deadline.
    if (this.dueAt < this.#context.deadline) this.#upstream.limits.watch(this);
    this.#send();
    return this;
  }

  /** Nobody waits any more. */
  abandon(why: Departure): void {
    this.#exchange?.abort();
    // A caller with little time left proves nothing; one that gave half of `timeoutMs` and got nothing does.
    const waitedLong = Date.now() - this.#startedAt >= this.#upstream.timeoutMs / 2;
    this.#end(why === 'late' && waitedLong ? 'failed' : 'unknown');
  }

  due(): void {
    this.#exchange?.abort();
    this.#fail('failed', new Error(`${this.#upstream.url} did not answer within ${this.#upstream.timeoutMs} ms.`));
  }

  completed(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, body: Buffer): void {
    const { url, isToldTheCaller } = this.#upstream;
    const type = String(headers['content-type'] ?? '');
    // 401 and 403 here are about the gateway: field errors of the caller come with 200. Passing them on would tell a
    // client with a good token to sign in again.
    if (status === 401 || status === 403)
      return this.#fail(
        'worked',
        new Error(`${url} refused ${isToldTheCaller ? "the gateway's context token" : 'the gateway'} with ${status}.`),
      );
    const isFailure = status >= 500 ? 'failed' : 'worked';
    if (!JSON_TYPE.test(type)) return this.#fail(isFailure, new Error(`${url} answered ${status} as "${type}".`));
    // Not asked for, and these bytes may go to a client as they are.
    const coding = headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity')
      return this.#fail(isFailure, new Error(`${url} answered in the content coding "${String(coding)}".`));
    if (status < 200 || status > 299) {
      try {
        parseAnswer(body, this.#upstream.name);
      } catch (error) {
        return this.#fail(
          isFailure,
          new Error(`${url} answered ${status} with no GraphQL response.`, { cause: error }),
        );
      }
    }
    this.#end('worked');
    this.#outcome.answered(body);
  }

  broke(broken: BrokenExchange): void {
    const { error } = broken;
    if (error instanceof BodyTooLarge) return this.#fail('worked', error);
    const result = OURS.has((error as NodeJS.ErrnoException).code ?? '') ? 'unknown' : 'failed';
    if (this.#isRetry || !mayRetry(this.#fetch.kind, broken) || !this.#upstream.retries.take())
      return this.#fail(result, error);
    this.#giveBack(result);
    this.#isRetry = true;
    this.#send(error);
  }

  /** `before`: what the first try failed with. */
  #send(before?: Error): void {
    const { breaker, dispatcher, path, maxBodyBytes, url } = this.#upstream;
    this.#permit = breaker.enter();
    if (this.#permit === null)
      return this.#fail(
        'unknown',
        before ?? new Error(`${url} failed too often: nothing is sent until a probe works.`),
      );
    this.#exchange = new HttpExchange(this, maxBodyBytes);
    dispatcher.dispatch(
      { method: 'POST', path, headers: this.#upstream.headers(this.#fetch, this.#context), body: this.#fetch.body },
      this.#exchange,
    );
  }

  #fail(result: CallResult, cause: Error): void {
    this.#end(result);
    this.#outcome.failed(new SubgraphUnreachable(this.#upstream.name, cause));
  }

  #end(result: CallResult): void {
    this.#upstream.limits.release(this);
    this.#giveBack(result);
  }

  #giveBack(result: CallResult): void {
    if (this.#permit !== null) this.#upstream.breaker.ended(this.#permit, result);
    this.#permit = null;
  }
}
