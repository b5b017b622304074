/**
 * How an operation on the supergraph is answered by its subgraphs. Plain data: as the planner emits it (the format of
 * `@apollo/query-planner` 2.14), fit for `structuredClone` and JSON, the same for every request with this operation.
 */
export interface QueryPlan {
  readonly kind: 'QueryPlan';
  /** Absent when no subgraph is needed: the operation asks only for introspection and root `__typename`s. */
  readonly node?: PlanNode | SubscriptionNode;
}

export type PlanNode = SequenceNode | ParallelNode | FetchNode | FlattenNode | ConditionNode | DeferNode;

/** One after the other: a later node needs what the earlier ones merged into the answer, or is a later root mutation. */
export interface SequenceNode {
  readonly kind: 'Sequence';
  readonly nodes: readonly PlanNode[];
}

/** In any order, and at once. */
export interface ParallelNode {
  readonly kind: 'Parallel';
  readonly nodes: readonly PlanNode[];
}

/**
 * One operation for one subgraph. Without `requires`, its data merge into the root of the answer or into the place of the
 * `Flatten` around it. With `requires` it is an entity fetch: representations are gathered from the objects at that place,
 * sent as `$representations`, and `_entities[n]` merges into the object the n-th was gathered from.
 */
export interface FetchNode {
  readonly kind: 'Fetch';
  /** The subgraph, by its name in the supergraph. */
  readonly serviceName: string;
  /** Unique in its plan, there when a `DeferredNode` depends on this fetch. */
  readonly id?: string;
  /** The variables `operation` declares, `representations` left out; the client's, or those `contextRewrites` make. */
  readonly variableUsages?: readonly string[];
  /** What a representation holds. An object that fits none of the type conditions is not sent. */
  readonly requires?: readonly PlanSelection[];
  /** Printed, without unneeded white space. */
  readonly operation: string;
  /** `<client's name>__<subgraph>__<number>`, when the client named the operation. */
  readonly operationName?: string | undefined;
  readonly operationKind: 'query' | 'mutation' | 'subscription';
  /** To be made in each representation before it is sent. */
  readonly inputRewrites?: readonly FetchRewrite[];
  /** To be made in the fetched data before they are merged. */
  readonly outputRewrites?: readonly FetchRewrite[];
  /**
   * `@fromContext` arguments: the value at `path`, which starts at the representation's object and climbs to its parent
   * with each `'..'`, becomes the variable `renameKeyTo`. The value may differ between representations.
   */
  readonly contextRewrites?: readonly KeyRenamer[];
}

export type FetchRewrite = ValueSetter | KeyRenamer;

/** Sets the key at the end of `path`. A path holds keys and type conditions (`'... on User'`), and passes through lists. */
export interface ValueSetter {
  readonly kind: 'ValueSetter';
  readonly path: readonly string[];
  readonly setValueTo: unknown;
}

/** Renames the key at the end of `path` (see `ValueSetter`), where the object has it. */
export interface KeyRenamer {
  readonly kind: 'KeyRenamer';
  readonly path: readonly string[];
  readonly renameKeyTo: string;
}

/** Response names from the root of the answer; `'@'` stands for every item of a list. */
export type FlattenPath = readonly (string | number)[];

/** Runs `node` for all objects at `path` together. Paths do not nest: each starts at the root. */
export interface FlattenNode {
  readonly kind: 'Flatten';
  readonly path: FlattenPath;
  readonly node: PlanNode;
}

/** `@skip` and `@include` around whole fetches, and `@defer(if:)`. */
export interface ConditionNode {
  readonly kind: 'Condition';
  /** A Boolean variable of the client's operation, without `$`. */
  readonly condition: string;
  readonly ifClause?: PlanNode;
  readonly elseClause?: PlanNode;
}

/** `@defer`: `primary` is answered first, then each of `deferred` as its dependencies are met. */
export interface DeferNode {
  readonly kind: 'Defer';
  readonly primary: {
    /** The selection set of the first answer, printed. Absent when it holds nothing but what needs no subgraph. */
    readonly subselection?: string;
    readonly node?: PlanNode;
  };
  readonly deferred: readonly DeferredNode[];
}

export interface DeferredNode {
  /** Fetches (by `FetchNode.id`) and deferred parts (by label) that come before. */
  readonly depends: readonly { readonly id: string; readonly deferLabel?: string }[];
  /** The client's. */
  readonly label?: string;
  /** Where the `@defer` stood in the operation: response names and type conditions, without list items. */
  readonly queryPath: readonly string[];
  /** The selection set of this part below `queryPath`, printed. Absent when further `Defer` nodes hold all of it. */
  readonly subselection?: string;
  /** Absent when the fetches of `depends` bring all of it. */
  readonly node?: PlanNode;
}

/** Only at the top: each event of `primary` is answered after `rest` ran on it. */
export interface SubscriptionNode {
  readonly kind: 'Subscription';
  readonly primary: FetchNode;
  readonly rest?: PlanNode;
}

export type PlanSelection = PlanField | PlanInlineFragment;

export interface PlanField {
  readonly kind: 'Field';
  /** The response name where it is not `name`. */
  readonly alias?: string;
  readonly name: string;
  readonly selections?: readonly PlanSelection[];
}

export interface PlanInlineFragment {
  readonly kind: 'InlineFragment';
  readonly typeCondition?: string;
  readonly selections: readonly PlanSelection[];
}
