import { Kind, print, visit, type DocumentNode, type SelectionNode } from 'graphql';

/**
 * What a document says, however it is written: without comments, descriptions and needless space, its definitions in one
 * order, and without `__typename` where something else is selected. Clients add `__typename` to what their developers wrote,
 * each in its own way, and it gives nothing away: its answer is the name of a type, found with the object that was asked
 * for anyway. One with an alias or a directive was written, and stays.
 */
export function normalisedText(document: DocumentNode): string {
  const { definitions } = visit(document, {
    SelectionSet: {
      leave: (node) => {
        const others = node.selections.filter((selection) => !isBareTypename(selection));
        return { ...node, selections: others.length > 0 ? others : node.selections.slice(0, 1) };
      },
    },
    StringValue: (_node, key) => (key === 'description' ? null : undefined),
  });
  return definitions
    .map((definition) => print(definition))
    .sort()
    .join('\n\n');
}

const isBareTypename = (selection: SelectionNode): boolean =>
  selection.kind === Kind.FIELD &&
  selection.name.value === '__typename' &&
  selection.alias === undefined &&
  !selection.directives?.length;
