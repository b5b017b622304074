import {
  CallerError,
  OperatorError,
  SubgraphUnreachable,
  type RequestContext,
  type SubgraphHandle,
} from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import { SubscriptionDelivery } from './subscription-delivery.js';
import type { SubscriptionRequest, SubscriptionTransport } from './upstream-subscription.js';

/** Subscribes to a subgraph in this process: no socket, no JSON. */
export const subscribeInProcess = (handle: SubgraphHandle): SubscriptionTransport => ({
  subscribe(request, context, listener) {
    let events: AsyncIterator<ExecutionResult> | null = null;
    const delivery = new SubscriptionDelivery(listener, () => stop(events));
    void deliver(handle, request, context, delivery, (started) => (events = started));
    return delivery;
  },
});

async function deliver(
  handle: SubgraphHandle,
  request: SubscriptionRequest,
  context: RequestContext,
  delivery: SubscriptionDelivery,
  started: (events: AsyncIterator<ExecutionResult>) => void,
): Promise<void> {
  await Promise.resolve(); // a listener hears nothing before it has what `subscribe` answers
  if (delivery.isOver) return;
  try {
    const events = await start(handle, request, context);
    started(events);
    if (delivery.isOver) return stop(events); // closed meanwhile
    // A new object each time: answers are kept by event object, and a subgraph may yield one object again and again.
    for await (const event of events) delivery.event({ ...event });
    delivery.ended(null);
  } catch (error) {
    const isTheirs = error instanceof CallerError || error instanceof OperatorError;
    delivery.ended(isTheirs ? error : new SubgraphUnreachable(handle.name, error));
  }
}

function start(handle: SubgraphHandle, request: SubscriptionRequest, context: RequestContext) {
  const { query, variables, lastEventId } = request;
  if (!handle.subscribe)
    throw new Error(`Subgraph "${handle.name}" runs in this process, and its handle has no subscriptions.`);
  return handle.subscribe({ query, variables, ...(lastEventId !== null && { lastEventId }) }, context);
}

/** Nobody waits for it, nor for how it went. */
function stop(events: AsyncIterator<ExecutionResult> | null): void {
  void events?.return?.().catch(() => undefined);
}
