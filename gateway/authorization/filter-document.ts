import {
  Kind,
  OperationTypeNode,
  TypeNameMetaFieldDef,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { OperationRequirements } from './operation-requirements.js';

/**
 * Stands where nothing else is left, because a selection set must not be empty. The object is fetched, so that its denied
 * fields can be null in it. The client did not ask for this name, and does not get it.
 */
const STAND_IN: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: TypeNameMetaFieldDef.name } }],
};

/** What is left of an operation without its denied fields. */
export interface FilteredDocument {
  /** One operation and the fragments it still uses, without the variables it no longer does. Valid where the whole one was. */
  readonly document: DocumentNode;
  /** Nodes of the whole document by what they became; a node that is not here stayed as it is, or was denied. */
  readonly copies: ReadonlyMap<FieldNode, FieldNode>;
}

/**
 * Takes the denied fields out of an operation. Null for a subscription to a denied field: without it there is nothing to
 * wait for.
 */
export function filterDocument(
  { operation, fragments }: OperationRequirements,
  denied: ReadonlySet<FieldNode>,
): FilteredDocument | null {
  const copies = new Map<FieldNode, FieldNode>();
  /** Of each fragment that was come across: what is left of it, or null. */
  const reached = new Map<string, FragmentDefinitionNode | null>();

  function keptIn(set: SelectionSetNode): SelectionSetNode | null {
    const selections = set.selections.flatMap((selection) => kept(selection) ?? []);
    return selections.length === 0 ? null : { ...set, selections };
  }

  function kept(selection: SelectionNode): SelectionNode | null {
    switch (selection.kind) {
      case Kind.FIELD:
        return denied.has(selection) ? null : keptField(selection);
      case Kind.INLINE_FRAGMENT: {
        const selectionSet = keptIn(selection.selectionSet);
        return selectionSet && { ...selection, selectionSet };
      }
      case Kind.FRAGMENT_SPREAD:
        return keptFragment(selection.name.value) && selection;
    }
  }

  function keptField(field: FieldNode): FieldNode {
    if (!field.selectionSet) return field;
    const copy = { ...field, selectionSet: keptIn(field.selectionSet) ?? STAND_IN };
    copies.set(field, copy);
    return copy;
  }

  function keptFragment(name: string): FragmentDefinitionNode | null {
    let fragment = reached.get(name);
    if (fragment === undefined) {
      const whole = fragments.get(name)!;
      const selectionSet = keptIn(whole.selectionSet);
      fragment = selectionSet && { ...whole, selectionSet };
      reached.set(name, fragment);
    }
    return fragment;
  }

  const left = keptIn(operation.selectionSet);
  if (!left && operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
  const selectionSet = left ?? STAND_IN;
  const rest = [...reached.values()].filter((fragment) => fragment !== null);
  const used = variablesIn([{ ...operation, selectionSet }, ...rest]);
  const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value));
  return {
    document: {
      kind: Kind.DOCUMENT,
      definitions: [{ ...operation, selectionSet, variableDefinitions: variableDefinitions ?? [] }, ...rest],
    },
    copies,
  };
}

function variablesIn(definitions: DocumentNode['definitions']): ReadonlySet<string> {
  const names = new Set<string>();
  visit(
    { kind: Kind.DOCUMENT, definitions },
    { VariableDefinition: () => false, Variable: ({ name }) => void names.add(name.value) },
  );
  return names;
}
