import { Kind, type DirectiveNode, type DocumentNode, type SelectionSetNode } from 'graphql';

export interface NodeCounts {
  readonly aliases: number;
  readonly directives: number;
}

/** How many aliases and directives stand in a document, valid or not, each where it stands. */
export function countNodes(document: DocumentNode): NodeCounts {
  let [aliases, directives] = [0, 0];
  const countDirectives = (given: readonly DirectiveNode[] | undefined): void => {
    directives += given?.length ?? 0;
  };
  const countIn = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      countDirectives(selection.directives);
      if (selection.kind === Kind.FIELD && selection.alias) aliases++;
      if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet) countIn(selection.selectionSet);
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    countDirectives(definition.directives);
    for (const variable of definition.variableDefinitions ?? []) countDirectives(variable.directives);
    countIn(definition.selectionSet);
  }
  return { aliases, directives };
}
