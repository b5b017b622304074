import { Kind, parse, print, visit, type FieldNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { FetchNode, PlanSelection } from '../planner/query-plan.js';
import type { EntityKeys, KeyFields } from '../supergraph/entity-keys.js';
import type { RequiresInput } from '../supergraph/required-inputs.js';

/**
 * The part of a fetch that an entity can be asked for by its key alone. A plan puts fields with `@requires` and fields
 * without into one fetch, also for objects whose required fields were not asked for (a fragment on another type wanted
 * them), or could not be had: those still have the rest. Null where the parts are the same, or there is no rest.
 */
export function bareFetch(fetch: FetchNode, keys: EntityKeys, requiresInput: RequiresInput): FetchNode | null {
  const { serviceName, requires = [], contextRewrites } = fetch;
  if (requires.length === 0 || (contextRewrites && contextRewrites.length > 0)) return null;
  const bare = requires.flatMap((selection) => keyOnly(selection, serviceName, keys));
  if (JSON.stringify(bare) === JSON.stringify(requires)) return null;

  const document = parse(fetch.operation, { noLocation: true });
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return null;
  const entities = operation.selectionSet.selections[0] as FieldNode;
  const left = withoutInput(entities.selectionSet!, serviceName, null, requiresInput);
  if (!left) return null;
  const selectionSet = { ...operation.selectionSet, selections: [{ ...entities, selectionSet: left }] };
  // A variable that nothing uses any more may not be declared (GraphQL specification, 5.8.4).
  const used = new Set<string>();
  visit(selectionSet, { Variable: ({ name }) => void used.add(name.value) });
  const variableDefinitions = (operation.variableDefinitions ?? []).filter(({ variable }) =>
    used.has(variable.name.value),
  );
  return {
    ...fetch,
    requires: bare,
    operation: print({ ...operation, variableDefinitions, selectionSet }),
    variableUsages: (fetch.variableUsages ?? []).filter((name) => used.has(name)),
  };
}

/** Without the fields that stand in no key of the type. */
function keyOnly(selection: PlanSelection, subgraph: string, keys: EntityKeys): readonly PlanSelection[] {
  if (selection.kind !== 'InlineFragment' || selection.typeCondition === undefined) return [selection];
  const known: readonly KeyFields[] = keys(subgraph, selection.typeCondition);
  if (known.length === 0) return [selection];
  const selections = selection.selections.filter(
    (field) =>
      field.kind === 'Field' &&
      (field.name === '__typename' || known.some((key) => Object.hasOwn(key, field.alias ?? field.name))),
  );
  return [{ ...selection, selections }];
}

/** Without the fields that need more than a key; null where no other is left. */
function withoutInput(
  set: SelectionSetNode,
  subgraph: string,
  type: string | null,
  requiresInput: RequiresInput,
): SelectionSetNode | null {
  const selections = set.selections.flatMap((selection): readonly SelectionNode[] => {
    if (selection.kind === Kind.FIELD)
      return type !== null && requiresInput(subgraph, type, selection.name.value) ? [] : [selection];
    if (selection.kind !== Kind.INLINE_FRAGMENT) return [selection];
    const below = withoutInput(
      selection.selectionSet,
      subgraph,
      selection.typeCondition?.name.value ?? type,
      requiresInput,
    );
    return below ? [{ ...selection, selectionSet: below }] : [];
  });
  const worthAsking = selections.some(
    (selection) => selection.kind !== Kind.FIELD || selection.name.value !== '__typename',
  );
  return worthAsking ? { ...set, selections } : null;
}
