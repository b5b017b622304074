import { Kind, type DocumentNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';

/** False: it asks for `__typename`, `__schema` and `__type` alone, which every schema has; no change of one concerns it. */
export function asksForData(document: DocumentNode, { selectionSet }: OperationDefinitionNode): boolean {
  const looked = new Set<string>();
  const hasField = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.kind === Kind.FIELD) return !selection.name.value.startsWith('__');
      if (selection.kind === Kind.INLINE_FRAGMENT) return hasField(selection.selectionSet);
      const name = selection.name.value;
      if (looked.has(name)) return false;
      looked.add(name);
      return document.definitions.some(
        (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === name && hasField(one.selectionSet),
      );
    });
  return hasField(selectionSet);
}
