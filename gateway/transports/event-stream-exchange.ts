import { SubgraphUnreachable } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import type { Dispatcher } from 'undici';
import { EventStreamParser, type StreamEvent } from './event-stream-parser.js';
import { BodyTooLarge } from './http-exchange.js';
import { isExecutionResult, parseAnswer } from './parse-answer.js';
import { SubscriptionDelivery } from './subscription-delivery.js';
import { SubscriptionRefused } from './subscription-refused.js';
import type { SubscriptionListener } from './upstream-subscription.js';

const EVENT_STREAM = /^text\/event-stream\b/i;
/** `none` is no coding that HTTP knows, but what the server of `graphql-sse` says to keep proxies from compressing. */
const UNCODED = new Set<unknown>([undefined, 'identity', 'none']);
const JSON_TYPE = /^application\/(graphql-response\+)?json\b/i;

export interface EventStreamOptions {
  readonly subgraph: string;
  /** For messages. */
  readonly url: string;
  /** Of one event, and of a refusal. */
  readonly maxBytes: number;
  /** Until the stream begins, or the refusal is there. */
  readonly answerTimeoutMs: number;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** One subscription as GraphQL over SSE has it, in its mode of distinct connections: a request, and the stream it is answered with. */
export class EventStreamExchange implements Dispatcher.DispatchHandler {
  readonly delivery: SubscriptionDelivery;
  readonly #options: EventStreamOptions;
  readonly #answerDue: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | null = null;
  #events: EventStreamParser | null = null;
  /** The chunks of an answer that is no stream. */
  #body: Buffer[] | null = null;
  #length = 0;

  constructor(options: EventStreamOptions, listener: SubscriptionListener) {
    this.#options = options;
    this.delivery = new SubscriptionDelivery(listener, () => this.#abort());
    this.#answerDue = setTimeout(
      () => this.#fail(new Error(`${options.url} did not answer within ${options.answerTimeoutMs} ms.`)),
      options.answerTimeoutMs,
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.delivery.isOver) throw ENDED;
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    const { url } = this.#options;
    const type = String(headers['content-type'] ?? '');
    const coding = headers['content-encoding'];
    // About the gateway, not about the caller; see `UpstreamCall`.
    if (status === 401 || status === 403) this.#fail(new Error(`${url} refused the gateway with ${status}.`));
    else if (!UNCODED.has(coding))
      this.#fail(new Error(`${url} answered in the content coding "${String(coding)}".`)); // not asked for
    else if (status === 200 && EVENT_STREAM.test(type)) this.#begin();
    else if (JSON_TYPE.test(type)) this.#body = [];
    else this.#fail(new Error(`${url} answered ${status} as "${type}".`));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.delivery.isOver) return;
    if (this.#events) return this.#read(this.#events, chunk);
    this.#length += chunk.length;
    if (this.#length <= this.#options.maxBytes) this.#body?.push(chunk);
    else this.#fail(new BodyTooLarge(`its answer is longer than ${this.#options.maxBytes} bytes`));
  }

  onResponseEnd(): void {
    if (this.#body) this.#refused(Buffer.concat(this.#body));
    else this.#end(this.#unreachable(new Error('Its event stream ended before the subscription did.')));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(this.#unreachable(error));
  }

  #begin(): void {
    clearTimeout(this.#answerDue); // a stream may be silent
    this.#events = new EventStreamParser(this.#options.maxBytes, (event) => this.#told(event));
  }

  #read(events: EventStreamParser, chunk: Buffer): void {
    try {
      events.push(chunk);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #told({ type, data, id }: StreamEvent): void {
    if (type === 'complete') {
      this.#end(null);
      this.#abort(); // nothing more is read, whether or not the subgraph ends its answer
    } else if (type === 'next') {
      const result = parseResult(data);
      if (result) this.delivery.event(withEventId(result, id));
      else this.#fail(new Error('It sent an event that is no GraphQL response.'));
    }
  }

  #refused(body: Buffer): void {
    const { subgraph, url } = this.#options;
    try {
      const { errors } = parseAnswer(body, subgraph);
      this.#end(
        errors && errors.length > 0
          ? new SubscriptionRefused(subgraph, errors)
          : this.#unreachable(new Error(`${url} answered a subscription with one result.`)),
      );
    } catch (error) {
      this.#end(error as SubgraphUnreachable);
    }
  }

  #end(error: Error | null): void {
    clearTimeout(this.#answerDue);
    this.delivery.ended(error);
  }

  #fail(cause: Error): void {
    this.delivery.fail(this.#unreachable(cause));
  }

  /** Closes the connection, which is how HTTP/1.1 tells the subgraph. */
  #abort(): void {
    clearTimeout(this.#answerDue);
    this.#controller?.abort(ENDED);
  }

  #unreachable(cause: Error): SubgraphUnreachable {
    return new SubgraphUnreachable(this.#options.subgraph, cause);
  }
}

function parseResult(data: string): ExecutionResult | null {
  try {
    const result: unknown = JSON.parse(data);
    return isExecutionResult(result) ? result : null;
  } catch {
    return null;
  }
}

/** With the stream's own id, which is what it wants to hear as `Last-Event-ID`, where the result itself names none. */
function withEventId(result: ExecutionResult, id: string | null): ExecutionResult {
  const { extensions } = result;
  if (id === null || id === '' || extensions?.['eventId'] !== undefined) return result;
  return { ...result, extensions: { ...extensions, eventId: id } };
}

const ENDED = new Error('The subscription has ended.');
