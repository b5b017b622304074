import { Kind, parse, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { QueryPlan } from '../query-plan.js';
import { responseNameOf } from './separate-response-names.js';

/**
 * Root fields of a document's one operation that no fetch of its plan asks for, by response name. `@apollo/query-planner`
 * drops a field without a word when it finds no object type that could be below it: of an interface that no type of the
 * supergraph implements, only the subgraph's own fields can be had. The client would be told that there is nothing, and
 * that nothing went wrong.
 */
export function unplannedFields(document: DocumentNode, plan: QueryPlan): string[] {
  const planned = new Set(plan.node ? plannedNames(plan.node) : []);
  return [...new Set(rootNamesOf(document))].filter((name) => !planned.has(name));
}

function* rootNamesOf({ definitions }: DocumentNode): Iterable<string> {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  for (const definition of definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) yield* rootNames(definition.selectionSet, fragments);
}

/** Without meta-fields, and without what a literal `@skip` or `@include` leaves out. */
function* rootNames(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, SelectionSetNode>,
): Iterable<string> {
  for (const selection of selections) {
    if (isLeftOut(selection)) continue;
    if (selection.kind === Kind.INLINE_FRAGMENT) yield* rootNames(selection.selectionSet, fragments);
    else if (selection.kind === Kind.FRAGMENT_SPREAD) yield* rootNames(fragments.get(selection.name.value)!, fragments);
    else if (!selection.name.value.startsWith('__')) yield responseNameOf(selection);
  }
}

const isLeftOut = ({ directives = [] }: SelectionNode): boolean =>
  directives.some(({ name, arguments: given }) => {
    const condition = given?.[0]?.value;
    if (condition?.kind !== Kind.BOOLEAN) return false;
    return name.value === 'skip' ? condition.value : name.value === 'include' && !condition.value;
  });

function* plannedNames(node: NonNullable<QueryPlan['node']>): Iterable<string> {
  switch (node.kind) {
    case 'Fetch':
      yield* rootNamesOf(parse(node.operation, { noLocation: true }));
      return;
    case 'Flatten':
      if (node.path.length === 0) yield* plannedNames(node.node); // deferred; any other is for a place below the root
      return;
    case 'Sequence':
    case 'Parallel':
      for (const child of node.nodes) yield* plannedNames(child);
      return;
    case 'Condition':
      for (const child of [node.ifClause, node.elseClause]) if (child) yield* plannedNames(child);
      return;
    case 'Defer':
      for (const { node: child } of [node.primary, ...node.deferred]) if (child) yield* plannedNames(child);
      return;
    case 'Subscription':
      yield* plannedNames(node.primary);
      return;
  }
}
