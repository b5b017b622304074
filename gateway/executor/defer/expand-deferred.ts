import {
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn, type ConditionValues } from '../client-operation.js';

const DEFER = 'defer';

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
 * made of source locations: a document and what authorization left of it have the same.
 */
export function expandDeferred(document: DocumentNode, values: ConditionValues): ExpandedDocument {
  const fragments = fragmentsIn(document);
  const clientLabels = new Map<string, string | null>();
  const originals = new Map<FieldNode, FieldNode>();

  function expandSet(set: SelectionSetNode, spreads: string): SelectionSetNode {
    const selections = set.selections.map((selection) => expand(selection, spreads));
    return selections.every((selection, at) => selection === set.selections[at]) ? set : { ...set, selections };
  }

  function expand(selection: SelectionNode, spreads: string): SelectionNode {
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
    if (!isDeferred(selection) && (fragment === selection ? false : !holdsDeferred(fragment, fragments, new Set())))
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

/** Also through the fragments it spreads. */
function holdsDeferred(
  { selectionSet }: FragmentDefinitionNode | InlineFragmentNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  seen: Set<string>,
): boolean {
  return (
    holdsDirectly(selectionSet) ||
    spreadsIn(selectionSet).some(({ name: { value } }) => {
      if (seen.has(value)) return false;
      seen.add(value);
      const fragment = fragments.get(value);
      return fragment !== undefined && holdsDeferred(fragment, fragments, seen);
    })
  );
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
