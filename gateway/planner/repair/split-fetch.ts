import {
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
  type DocumentNode,
  type FieldNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { FetchNode, PlanSelection } from '../query-plan.js';
import type { VariantRequirements, WantedVariants } from './variant-requirements.js';

/** Into fetches in whose representations no place would have to hold two variants; most often the one it was. */
export function splitFetch(fetch: FetchNode, requirements: VariantRequirements): readonly FetchNode[] {
  const { requires, serviceName } = fetch;
  const contested = requires && contestedPlaces(requirements.of(requires));
  if (!contested || contested.size === 0) return [fetch];
  const document = parse(fetch.operation, { noLocation: true });
  const parts: Part[] = [];
  for (const { typeName, field } of entityFields(document)) {
    const wanted = requirements.by(serviceName, typeName, field);
    let part = parts.find((candidate) => agree(candidate.wanted, wanted));
    if (!part) parts.push((part = { fields: new Set(), wanted: new Map() }));
    part.fields.add(field);
    for (const [place, names] of wanted) part.wanted.set(place, names);
  }
  return parts.map(({ fields, wanted }) => ({
    ...fetch,
    ...operationWith(fields, document),
    requires: requiresFor(requires, wanted, contested, requirements),
  }));
}

interface Part {
  readonly fields: Set<FieldNode>;
  readonly wanted: Map<string, ReadonlySet<string>>;
}

const contestedPlaces = (wanted: WantedVariants): ReadonlySet<string> =>
  new Set([...wanted].flatMap(([place, names]) => (names.size > 1 ? [place] : [])));

/** Variants that one field wants at one place are on different types, and so in different representations. */
const agree = (one: WantedVariants, other: WantedVariants): boolean =>
  [...other].every(([place, names]) => {
    const known = one.get(place);
    return !known || (known.size === names.size && [...names].every((name) => known.has(name)));
  });

/** What is selected on the entities, and on which type. */
function* entityFields(document: DocumentNode): Iterable<{ readonly typeName: string; readonly field: FieldNode }> {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const entities of definition.selectionSet.selections)
      if (entities.kind === Kind.FIELD && entities.selectionSet) yield* fieldsOn('', entities.selectionSet);
  }
}

function* fieldsOn(
  typeName: string,
  { selections }: SelectionSetNode,
): Iterable<{ readonly typeName: string; readonly field: FieldNode }> {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) yield { typeName, field: selection };
    if (selection.kind === Kind.INLINE_FRAGMENT)
      yield* fieldsOn(selection.typeCondition?.name.value ?? typeName, selection.selectionSet);
  }
}

/** The operation with these of its entity fields, and the variables they use. */
function operationWith(
  fields: ReadonlySet<FieldNode>,
  document: DocumentNode,
): Pick<FetchNode, 'operation' | 'variableUsages'> {
  const filtered = ({ selections }: SelectionSetNode): SelectionSetNode => ({
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind !== Kind.INLINE_FRAGMENT)
        return selection.kind === Kind.FIELD && fields.has(selection) ? [selection] : [];
      const selectionSet = filtered(selection.selectionSet);
      return selectionSet.selections.length === 0 ? [] : [{ ...selection, selectionSet }];
    }),
  });
  const withFields: DocumentNode = visit(document, {
    OperationDefinition: ({ selectionSet, ...definition }) => ({
      ...definition,
      selectionSet: {
        ...selectionSet,
        selections: selectionSet.selections.map((entities) =>
          entities.kind === Kind.FIELD && entities.selectionSet
            ? { ...entities, selectionSet: filtered(entities.selectionSet) }
            : entities,
        ),
      },
    }),
  });
  const used = new Set<string>();
  visit(withFields, { VariableDefinition: () => false, Variable: ({ name }) => void used.add(name.value) });
  const declared = visit(withFields, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? false : null),
  });
  return {
    operation: stripIgnoredCharacters(print(declared)),
    variableUsages: [...used].filter((name) => name !== 'representations'),
  };
}

/** Leaves out the variants that the part does not want. */
function requiresFor(
  requires: readonly PlanSelection[],
  wanted: WantedVariants,
  contested: ReadonlySet<string>,
  requirements: VariantRequirements,
): readonly PlanSelection[] {
  const keep = (all: readonly PlanSelection[], above: string): PlanSelection[] =>
    all.flatMap((selection): PlanSelection[] => {
      if (selection.kind === 'InlineFragment') return [{ ...selection, selections: keep(selection.selections, above) }];
      const place = requirements.place(selection, above);
      if (contested.has(place) && !wanted.get(place)?.has(selection.name)) return [];
      if (!selection.selections) return [selection];
      const selections = keep(selection.selections, place);
      return selections.length === 0 ? [] : [{ ...selection, selections }];
    });
  return keep(requires, '');
}
