import type { RequestContext } from '@inevitable/contract';
import { Pool } from 'undici';
import { EventStreamExchange, type EventStreamOptions } from './event-stream-exchange.js';
import type { ClosableSubscriptionTransport, SubscriptionRequest } from './upstream-subscription.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Of silence, until the operating system asks whether the peer is still there: not every server sends comments. */
const PROBE_AFTER_MS = 15_000;

export interface SseSubscriptionOptions extends EventStreamOptions {
  /** What the subgraph is told beside the operation; by name. */
  readonly headersOf: (request: SubscriptionRequest, context: RequestContext) => Readonly<Record<string, string>>;
}

/**
 * Subscribes by GraphQL over SSE in its mode of distinct connections. They are apart from those for fetches, which long
 * streams would use up; there are as many as different subscriptions.
 */
export function subscribeBySse(options: SseSubscriptionOptions): ClosableSubscriptionTransport {
  const { origin, pathname, search } = new URL(options.url);
  const pool = new Pool(origin, {
    connections: null,
    connect: { timeout: CONNECT_TIMEOUT_MS, keepAliveInitialDelay: PROBE_AFTER_MS },
    headersTimeout: 0, // `answerTimeoutMs` is finer
    bodyTimeout: 0,
  });
  return {
    subscribe(request, context, listener) {
      const { query, variables, lastEventId } = request;
      const headers = {
        ...options.headersOf(request, context),
        ...(lastEventId !== null && { 'last-event-id': lastEventId }),
        'content-type': 'application/json',
        accept: 'text/event-stream',
      };
      const body = JSON.stringify({ query, variables });
      const exchange = new EventStreamExchange(options, listener);
      // A listener hears nothing before it has what `subscribe` answers.
      queueMicrotask(() => {
        if (!exchange.delivery.isOver)
          pool.dispatch({ method: 'POST', path: pathname + search, headers, body }, exchange);
      });
      return exchange.delivery;
    },
    close: () => void pool.destroy(new Error('The gateway closed the connection.')),
  };
}
