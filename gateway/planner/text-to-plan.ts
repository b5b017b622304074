import { print, separateOperations, type DocumentNode, type OperationDefinitionNode } from 'graphql';

/** Characters. What is longer may be white space for the most part, and the text is remembered with its plan. */
const LONGEST_AS_WRITTEN = 16 * 1024;

/**
 * What a planner is given of an operation: itself and just the fragments it uses. `fetched`: `document`, or what is left of it.
 * Most are one operation and nothing else of which everything is fetched: to print those again takes longer than to look.
 */
export function textToPlan(
  { document, source }: { readonly document: DocumentNode; readonly source: string },
  { name }: OperationDefinitionNode,
  fetched: DocumentNode,
): string {
  const isWhole = fetched === document && document.definitions.length === 1;
  if (isWhole && source.length <= LONGEST_AS_WRITTEN) return source;
  return print(separateOperations(fetched)[name?.value ?? ''] ?? fetched);
}
