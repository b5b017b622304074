import type { SubgraphHandle } from '@inevitable/contract';
import { rootBody } from '../executor/request-body.js';
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

export function upstreamOf({ plan, variables }: PlannedRequest, snapshot: Snapshot): UpstreamWanted {
  const first = plan.compiled.steps[0];
  if (first?.kind !== 'root') throw new Error('The plan of a subscription begins with a fetch.');
  const subgraph = first.step.fetch.serviceName;
  return {
    subgraph,
    handle: snapshot.handles.get(subgraph),
    transport: snapshot.transports.get(subgraph)?.subscriptions ?? null,
    body: rootBody(plan.compiled, first, variables),
  };
}

/** The events of one would do for the other. */
export const isSameUpstream = (one: UpstreamWanted, other: UpstreamWanted): boolean =>
  one.handle === other.handle && one.body === other.body;
