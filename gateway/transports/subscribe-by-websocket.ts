import { SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import { SubgraphSocket, type SubgraphSocketOptions } from './subgraph-socket.js';
import { SubscriptionDelivery } from './subscription-delivery.js';
import type {
  ClosableSubscriptionTransport,
  SubscriptionListener,
  SubscriptionRequest,
  UpstreamSubscription,
} from './upstream-subscription.js';

const CONNECT_TIMEOUT_MS = 5_000;
const PING_EVERY_MS = 15_000;
const PONG_TIMEOUT_MS = 10_000;
const IDLE_MS = 5_000;

type Times = Pick<SubgraphSocketOptions, 'connectTimeoutMs' | 'pingEveryMs' | 'pongTimeoutMs' | 'idleMs'>;

export interface WebsocketSubscriptionOptions extends Omit<SubgraphSocketOptions, keyof Times>, Partial<Times> {
  /** What a subscribe message says beside the operation: one socket carries the subscriptions of many callers. */
  readonly extensionsOf: (request: SubscriptionRequest, context: RequestContext) => Readonly<Record<string, string>>;
}

/**
 * Subscribes over `graphql-transport-ws`: one connection for all subscriptions, opened by the first and closed a while
 * after the last. `connection_init` says nothing: it speaks for nobody.
 */
export function subscribeByWebsocket(options: WebsocketSubscriptionOptions): ClosableSubscriptionTransport {
  const times = {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    pingEveryMs: PING_EVERY_MS,
    pongTimeoutMs: PONG_TIMEOUT_MS,
    idleMs: IDLE_MS,
  };
  let socket: SubgraphSocket | null = null;
  let isClosed = false;
  return {
    subscribe(request, context, listener) {
      if (isClosed) return refused(options.subgraph, listener);
      const { query, variables } = request;
      const extensions = options.extensionsOf(request, context);
      if (!socket?.isUsable) socket = new SubgraphSocket({ ...times, ...options });
      return socket.carry({ query, variables, ...(Object.keys(extensions).length > 0 && { extensions }) }, listener);
    },
    close() {
      isClosed = true; // some will want to subscribe again when they hear that they have ended
      socket?.close();
    },
  };
}

/** A listener hears nothing before it has what `subscribe` answers. */
function refused(subgraph: string, listener: SubscriptionListener): UpstreamSubscription {
  const delivery = new SubscriptionDelivery(listener, () => undefined);
  const closed = new Error('The gateway closed its connection before.');
  queueMicrotask(() => delivery.ended(new SubgraphUnreachable(subgraph, closed)));
  return delivery;
}
