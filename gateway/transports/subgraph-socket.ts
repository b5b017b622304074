import { isNativeError } from 'node:util/types';
import { SubgraphUnreachable } from '@inevitable/contract';
import { createClient, type Client, type SubscribePayload } from 'graphql-ws';
import { WebSocket, type CloseEvent, type ErrorEvent } from 'ws';
import { isExecutionResult } from './parse-answer.js';
import { SubscriptionDelivery } from './subscription-delivery.js';
import { SubscriptionRefused } from './subscription-refused.js';
import type { SubscriptionListener, UpstreamSubscription } from './upstream-subscription.js';

const NORMAL_CLOSURE = 1000;

export interface SubgraphSocketOptions {
  readonly subgraph: string;
  /** ws: or wss:, without fragment. */
  readonly url: string;
  /** A longer message breaks the connection. */
  readonly maxMessageBytes: number;
  /** Until the subgraph has acknowledged the connection. */
  readonly connectTimeoutMs: number;
  readonly pingEveryMs: number;
  /** Until the subgraph has answered a ping. */
  readonly pongTimeoutMs: number;
  /** How long a connection without subscriptions is kept. */
  readonly idleMs: number;
}

/**
 * One connection of `graphql-transport-ws` to one subgraph, opened at once, and every subscription on it. When it ends,
 * they all do: whether to subscribe again is not its decision.
 */
export class SubgraphSocket {
  readonly #options: SubgraphSocketOptions;
  readonly #client: Client;
  readonly #carried = new Set<SubscriptionDelivery>();
  #socket: WebSocket | null = null;
  #hasEnded = false;
  #connectDue: NodeJS.Timeout | undefined;
  #pongDue: NodeJS.Timeout | undefined;
  #idleDue: NodeJS.Timeout | undefined;

  constructor(options: SubgraphSocketOptions) {
    const { url, maxMessageBytes, connectTimeoutMs, pingEveryMs, pongTimeoutMs } = options;
    this.#options = options;
    this.#connectDue = this.#endIn(connectTimeoutMs, `It did not acknowledge the connection`);
    const opened = (socket: WebSocket) => (this.#socket = socket);
    let ids = 0;
    this.#client = createClient({
      url,
      // Not lazy, because the library's own timer for an idle connection would keep a process alive that wants to stop.
      lazy: false,
      onNonLazyError: () => undefined, // `closed` and `error` have said so already
      retryAttempts: 0,
      keepAlive: pingEveryMs,
      generateID: () => String(++ids),
      webSocketImpl: class extends WebSocket {
        constructor(address: string, protocol: string) {
          super(address, protocol, { maxPayload: maxMessageBytes, perMessageDeflate: false });
          opened(this);
        }
      },
      on: {
        connected: () => clearTimeout(this.#connectDue),
        ping: (received) => {
          if (!received) this.#pongDue = this.#endIn(pongTimeoutMs, 'It did not answer a ping');
        },
        pong: (received) => {
          if (received) clearTimeout(this.#pongDue);
        },
        error: (error) => this.#end(causeOf(error)),
        closed: (event) => this.#end(closedWith(event as CloseEvent)),
      },
    });
  }

  /** False: it has ended, or is about to, and carries nothing more. */
  get isUsable(): boolean {
    const state = this.#socket?.readyState;
    return !this.#hasEnded && (state === WebSocket.CONNECTING || state === WebSocket.OPEN);
  }

  carry(payload: SubscribePayload, listener: SubscriptionListener): UpstreamSubscription {
    const { subgraph } = this.#options;
    clearTimeout(this.#idleDue);
    const delivery = new SubscriptionDelivery(listener, () => complete());
    this.#carried.add(delivery);
    const complete = this.#client.subscribe(payload, {
      next: (result: unknown) => {
        if (isExecutionResult(result)) delivery.event(result);
        else delivery.fail(unreachable(subgraph, 'It sent an event that is no GraphQL response.'));
      },
      error: (problem) => {
        this.#release(delivery);
        delivery.ended(
          Array.isArray(problem)
            ? new SubscriptionRefused(subgraph, problem)
            : new SubgraphUnreachable(subgraph, causeOf(problem)),
        );
      },
      complete: () => {
        this.#release(delivery);
        delivery.ended(null);
      },
    });
    return delivery;
  }

  /** Ends what it carries, with `SubgraphUnreachable`. Idempotent. */
  close(): void {
    this.#end(new Error('The gateway closed the connection.'), 'gracefully');
  }

  #release(delivery: SubscriptionDelivery): void {
    if (!this.#carried.delete(delivery) || this.#carried.size > 0 || this.#hasEnded) return;
    this.#idleDue = setTimeout(() => this.close(), this.#options.idleMs).unref();
  }

  #end(cause: Error, how: 'gracefully' | 'at once' = 'at once'): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#connectDue);
    clearTimeout(this.#pongDue);
    clearTimeout(this.#idleDue);
    if (how === 'gracefully' && this.#socket?.readyState === WebSocket.OPEN) this.#socket.close(NORMAL_CLOSURE);
    else this.#socket?.terminate();
    // Retries a connection that was closed with 1000 unless it is disposed of, whatever its options say.
    void Promise.resolve(this.#client.dispose()).catch(() => undefined);
    for (const delivery of this.#carried) delivery.ended(new SubgraphUnreachable(this.#options.subgraph, cause));
    this.#carried.clear();
  }

  #endIn(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => this.#end(new Error(`${what} within ${ms} ms.`)), ms);
  }
}

const unreachable = (subgraph: string, why: string) => new SubgraphUnreachable(subgraph, new Error(why));

/** A fault of the connection in its own words. Of a message only that it is none: its text is a tenant's, and this is logged. */
function causeOf(problem: unknown): Error {
  const { error } = (problem ?? {}) as Partial<ErrorEvent>;
  return isNativeError(error) ? error : new Error('It sent a message that is none of graphql-transport-ws.');
}

const closedWith = ({ code, reason }: CloseEvent): Error =>
  new Error(`It closed the connection with ${code}${reason && `: ${reason}`}.`);
