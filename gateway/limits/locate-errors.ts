import { GraphQLError, parse, visit, type ASTNode, type DocumentNode } from 'graphql';

/**
 * The errors with the places that they are about, which documents are read without (`read-document.ts`): they are found in
 * the same text read again. `document` is what was read of `source` before.
 */
export function locateErrors(
  errors: readonly GraphQLError[],
  document: DocumentNode,
  source: string,
): readonly GraphQLError[] {
  const places = new Map<ASTNode, ASTNode>();
  const located = nodesOf(parse(source));
  for (const [at, node] of nodesOf(document).entries()) places.set(node, located[at]!);
  return errors.map(({ message, nodes, extensions }) =>
    nodes
      ? new GraphQLError(message, { nodes: nodes.map((node) => places.get(node) ?? node), extensions })
      : new GraphQLError(message, { extensions }),
  );
}

/** In the order of the text. */
function nodesOf(document: DocumentNode): readonly ASTNode[] {
  const nodes: ASTNode[] = [];
  visit(document, { enter: (node) => void nodes.push(node) });
  return nodes;
}
