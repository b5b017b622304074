import type { PlanNode, QueryPlan, SubscriptionNode } from '@inevitable/gateway';
import type { PlanSize } from './check-report.js';

const NOTHING: PlanSize = { fetches: 0, depth: 0 };

/** Requests to subgraphs, and how many of them wait for one another. Of a condition's sides the larger counts. */
export function planSize({ node }: QueryPlan): PlanSize {
  return node ? sizeOf(node) : NOTHING;
}

function sizeOf(node: PlanNode | SubscriptionNode): PlanSize {
  switch (node.kind) {
    case 'Fetch':
      return { fetches: 1, depth: 1 };
    case 'Flatten':
      return sizeOf(node.node);
    case 'Sequence':
      return node.nodes.map(sizeOf).reduce(inSequence, NOTHING);
    case 'Parallel':
      return node.nodes.map(sizeOf).reduce(atOnce, NOTHING);
    case 'Condition': {
      const [held, not] = [node.ifClause, node.elseClause].map((clause) => (clause ? sizeOf(clause) : NOTHING));
      return { fetches: Math.max(held!.fetches, not!.fetches), depth: Math.max(held!.depth, not!.depth) };
    }
    case 'Defer': {
      const deferred = node.deferred.map((part) => (part.node ? sizeOf(part.node) : NOTHING)).reduce(atOnce, NOTHING);
      return inSequence(node.primary.node ? sizeOf(node.primary.node) : NOTHING, deferred);
    }
    case 'Subscription':
      return inSequence(sizeOf(node.primary), node.rest ? sizeOf(node.rest) : NOTHING);
  }
}

const inSequence = (first: PlanSize, second: PlanSize): PlanSize => ({
  fetches: first.fetches + second.fetches,
  depth: first.depth + second.depth,
});

const atOnce = (left: PlanSize, right: PlanSize): PlanSize => ({
  fetches: left.fetches + right.fetches,
  depth: Math.max(left.depth, right.depth),
});
