import type { SubgraphHandle } from '@inevitable/contract';
import { rootBody } from '../executor/request-body.js';
import { refusal } from '../graphql-over-http/request-refused.js';
import type { PlannedRequest } from '../pipeline/plan-operation.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { SubscriptionTransport } from '../transports/upstream-subscription.js';

/** What a subscription listens to: the first fetch of its plan, at one subgraph. */
export interface UpstreamWanted {
  readonly subgraph: string;
  readonly handle: SubgraphHandle | undefined;
  /** Null: the subgraph has no subscriptions. */
  readonly transport: SubscriptionTransport | null;
  /** The request's body. */
  readonly body: string;
}

/** Throws `RequestRefused` for a subscription of which nothing is left to listen to. */
export function upstreamOf({ plan, variables }: PlannedRequest, snapshot: Snapshot): UpstreamWanted {
  const first = plan.compiled.steps[0];
  if (first?.kind !== 'root') throw asksForNothing();
  const subgraph = first.step.fetch.serviceName;
  return {
    subgraph,
    handle: snapshot.handles.get(subgraph),
    transport: snapshot.transports.get(subgraph)?.subscriptions ?? null,
    body: rootBody(plan.compiled, first, variables),
  };
}

const asksForNothing = () =>
  refusal(
    'BAD_USER_INPUT',
    'The subscription asks for no field that has events: @skip or @include leaves it out, or it is not for its caller.',
    { aboutDocument: true },
  );

/** The events of one would do for the other. */
export const isSameUpstream = (one: UpstreamWanted, other: UpstreamWanted): boolean =>
  one.handle === other.handle && one.body === other.body;
