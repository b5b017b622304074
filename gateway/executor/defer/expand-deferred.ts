import {
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn, type ConditionValues } from '../client-operation.js';

const DEFER = 'defer';

/** Nobody wants so many parts; planning them takes more than their number. */
const MOST_DEFERRED = 100;
/** Fragments that spread others twice would be written out exponentially often. */
const MOST_COPIED = 2_000;

/** A document in which each deferred fragment is inline and has a label of its own. */
export interface ExpandedDocument {
  readonly document: DocumentNode;
  /** What the client calls each; null where it gave no label. */
  readonly clientLabels: ReadonlyMap<string, string | null>;
  /** The client's own node of a field, which may have been copied. */
  originalOf(field: FieldNode): FieldNode;
}

/**
 * Prepares an operation with `@defer` (incremental delivery RFC) for planning: `@defer(if:)` decided, and a named fragment
 * with something deferred in it written out where it is spread, so that every deferred part has one place. Labels are
 * made of source locations: a document and what authorization left of it have the same. Null: it would become too large;
 * such an operation is answered in one piece.
 */
export function expandDeferred(document: DocumentNode, values: ConditionValues): ExpandedDocument | null {
  const fragments = fragmentsIn(document);
  const holdsDeferred = deferringFragments(fragments);
  const clientLabels = new Map<string, string | null>();
  const originals = new Map<FieldNode, FieldNode>();
  let copied = 0;
  const isTooLarge = () => copied > MOST_COPIED || clientLabels.size > MOST_DEFERRED;

  function expandSet(set: SelectionSetNode, spreads: string): SelectionSetNode {
    const selections = set.selections.map((selection) => expand(selection, spreads));
    return selections.every((selection, at) => selection === set.selections[at]) ? set : { ...set, selections };
  }

  /** `spreads`: where the fragments were spread that it is in; empty in the operation itself. */
  function expand(selection: SelectionNode, spreads: string): SelectionNode {
    if (spreads !== '') copied++;
    if (isTooLarge()) return selection;
    if (selection.kind === Kind.FIELD) {
      const { selectionSet: set } = selection;
      const selectionSet = set && expandSet(set, spreads);
      if (selectionSet === set) return selection;
      const copy = { ...selection, selectionSet: selectionSet! };
      originals.set(copy, selection);
      return copy;
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : selection;
    if (!fragment) return selection;
    if (fragment.kind === Kind.FRAGMENT_DEFINITION && !isDeferred(selection) && !holdsDeferred(fragment))
      return selection;
    const at = selection.loc?.start ?? 0;
    const below = fragment === selection ? spreads : `${spreads}${at}_`;
    const label = `p${spreads}${at}`;
    const directives = (selection.directives ?? []).flatMap((directive) => relabelled(directive, label));
    const selectionSet = expandSet(fragment.selectionSet, below);
    if (fragment === selection && selectionSet === fragment.selectionSet && !isDeferred(selection)) return selection;
    const { typeCondition } = fragment;
    return { kind: Kind.INLINE_FRAGMENT, ...(typeCondition && { typeCondition }), directives, selectionSet };
  }

  function relabelled(directive: DirectiveNode, label: string): readonly DirectiveNode[] {
    if (directive.name.value !== DEFER) return [directive];
    const { wanted, name } = argumentsOf(directive, values);
    if (!wanted) return [];
    clientLabels.set(label, name);
    const value = { kind: Kind.STRING, value: label } as const;
    return [{ ...directive, arguments: [{ kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'label' }, value }] }];
  }

  const definitions = document.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? { ...definition, selectionSet: expandSet(definition.selectionSet, '') }
      : definition,
  );
  if (isTooLarge()) return null;
  return {
    document: { ...document, definitions },
    clientLabels,
    originalOf: (field) => originals.get(field) ?? field,
  };
}

/** True when something in the document may be deferred. */
export const defersAnything = ({ definitions }: DocumentNode): boolean =>
  definitions.some((definition) => 'selectionSet' in definition && holdsDirectly(definition.selectionSet));

/** The label that `expandDeferred` gave to the fragment; null for one that is not deferred. */
export function deferLabel({ directives = [] }: SelectionNode): string | null {
  const value = directives.find(({ name }) => name.value === DEFER)?.arguments?.[0]?.value;
  return value?.kind === Kind.STRING ? value.value : null;
}

const isDeferred = ({ directives = [] }: SelectionNode): boolean => directives.some(({ name }) => name.value === DEFER);

const holdsDirectly = ({ selections }: SelectionSetNode): boolean =>
  selections.some(
    (selection) =>
      isDeferred(selection) ||
      ('selectionSet' in selection && selection.selectionSet !== undefined && holdsDirectly(selection.selectionSet)),
  );

/** Tells whether a fragment has something deferred in it, also in the fragments it spreads. Each is looked at once. */
function deferringFragments(
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): (fragment: FragmentDefinitionNode) => boolean {
  const known = new Map<FragmentDefinitionNode, boolean>();
  function holdsDeferred(fragment: FragmentDefinitionNode): boolean {
    let holds = known.get(fragment);
    if (holds === undefined) {
      const { selectionSet } = fragment;
      holds =
        holdsDirectly(selectionSet) ||
        spreadsIn(selectionSet).some(({ name }) => {
          const below = fragments.get(name.value);
          return below !== undefined && holdsDeferred(below); // a valid document has no cycles of fragments
        });
      known.set(fragment, holds);
    }
    return holds;
  }
  return holdsDeferred;
}

const spreadsIn = ({ selections }: SelectionSetNode): FragmentSpreadNode[] =>
  selections.flatMap((selection) =>
    selection.kind === Kind.FRAGMENT_SPREAD
      ? [selection]
      : selection.selectionSet
        ? spreadsIn(selection.selectionSet)
        : [],
  );

function argumentsOf(
  { arguments: given = [] }: DirectiveNode,
  values: ConditionValues,
): { readonly wanted: boolean; readonly name: string | null } {
  const valueOf = (name: string) => given.find((argument) => argument.name.value === name)?.value;
  const condition = valueOf('if');
  const label = valueOf('label');
  return {
    wanted:
      condition?.kind === Kind.VARIABLE
        ? values.get(condition.name.value) === true
        : condition?.kind !== Kind.BOOLEAN || condition.value,
    name: label?.kind === Kind.STRING ? label.value : null,
  };
}
