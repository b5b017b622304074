import type { FetchNode, PlanNode, QueryPlan } from './query-plan.js';

/** Every fetch of a plan, in its order. */
export function fetchesIn({ node }: QueryPlan): readonly FetchNode[] {
  if (!node) return [];
  return node.kind === 'Subscription' ? [node.primary, ...below(node.rest)] : below(node);
}

function below(node: PlanNode | undefined): readonly FetchNode[] {
  switch (node?.kind) {
    case undefined:
      return [];
    case 'Fetch':
      return [node];
    case 'Flatten':
      return below(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(below);
    case 'Condition':
      return [...below(node.ifClause), ...below(node.elseClause)];
    case 'Defer':
      return [node.primary, ...node.deferred].flatMap((part) => below(part.node));
  }
}

/** The plan with other fetches in place of each one: several run side by side. That of a subscription's events stays one. */
export function replaceFetches(plan: QueryPlan, replaced: (fetch: FetchNode) => readonly FetchNode[]): QueryPlan {
  const { node } = plan;
  if (!node) return plan;
  const replacement = (one: PlanNode): PlanNode => replacedBelow(one, replaced);
  if (node.kind !== 'Subscription') return { ...plan, node: replacement(node) };
  const [primary = node.primary] = replaced(node.primary);
  return { ...plan, node: { ...node, primary, ...(node.rest && { rest: replacement(node.rest) }) } };
}

function replacedBelow(node: PlanNode, replaced: (fetch: FetchNode) => readonly FetchNode[]): PlanNode {
  const replacement = (one: PlanNode): PlanNode => replacedBelow(one, replaced);
  const inPart = <Part extends { readonly node?: PlanNode }>(part: Part): Part =>
    part.node ? { ...part, node: replacement(part.node) } : part;
  switch (node.kind) {
    case 'Fetch':
      return sideBySide(replaced(node));
    case 'Flatten':
      return node.node.kind === 'Fetch'
        ? sideBySide(replaced(node.node).map((fetch) => ({ ...node, node: fetch })))
        : { ...node, node: replacement(node.node) };
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(replacement) };
    case 'Condition': {
      const { ifClause, elseClause } = node;
      return {
        ...node,
        ...(ifClause && { ifClause: replacement(ifClause) }),
        ...(elseClause && { elseClause: replacement(elseClause) }),
      };
    }
    case 'Defer':
      return { ...node, primary: inPart(node.primary), deferred: node.deferred.map(inPart) };
  }
}

const sideBySide = (nodes: readonly PlanNode[]): PlanNode =>
  nodes.length === 1 ? nodes[0]! : { kind: 'Parallel', nodes };
