import {
  Kind,
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Holds the place where nothing else is left: a selection set must not be empty. */
const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * The document without the selections that are `leftOut`, and without the fragments in which nothing else stood. Where
 * nothing else is left of a field, `__typename` stands in. The document must be valid: a cycle of fragments would not end.
 */
export function withoutSelections(
  document: DocumentNode,
  leftOut: (selection: SelectionNode) => boolean,
): DocumentNode {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  const stripped = new Map<string, FragmentDefinitionNode | null>();

  function fragmentLeft(name: string): FragmentDefinitionNode | null {
    const known = stripped.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name)!;
    const selections = selectionsLeft(fragment.selectionSet);
    const left = selections.length === 0 ? null : { ...fragment, selectionSet: selectionSet(selections) };
    stripped.set(name, left);
    return left;
  }

  function selectionsLeft({ selections }: SelectionSetNode): readonly SelectionNode[] {
    return selections.flatMap((selection): readonly SelectionNode[] => {
      if (leftOut(selection)) return [];
      switch (selection.kind) {
        case Kind.FIELD:
          if (!selection.selectionSet) return [selection];
          return [{ ...selection, selectionSet: filled(selectionsLeft(selection.selectionSet)) }];
        case Kind.INLINE_FRAGMENT: {
          const left = selectionsLeft(selection.selectionSet);
          return left.length === 0 ? [] : [{ ...selection, selectionSet: selectionSet(left) }];
        }
        case Kind.FRAGMENT_SPREAD:
          return fragmentLeft(selection.name.value) ? [selection] : [];
      }
    });
  }

  return {
    ...document,
    definitions: document.definitions.flatMap((definition): readonly DefinitionNode[] => {
      if (definition.kind === Kind.OPERATION_DEFINITION)
        return [{ ...definition, selectionSet: filled(selectionsLeft(definition.selectionSet)) }];
      if (definition.kind !== Kind.FRAGMENT_DEFINITION) return [definition];
      const left = fragmentLeft(definition.name.value);
      return left ? [left] : [];
    }),
  };
}

const selectionSet = (selections: readonly SelectionNode[]): SelectionSetNode => ({
  kind: Kind.SELECTION_SET,
  selections,
});

const filled = (selections: readonly SelectionNode[]): SelectionSetNode =>
  selectionSet(selections.length === 0 ? [TYPENAME] : selections);
