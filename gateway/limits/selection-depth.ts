import { Kind, type DocumentNode, type SelectionSetNode } from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';

/**
 * How many fields lie above each other in the deepest place of a document, fragments followed. Each fragment is looked at
 * once. Of an invalid document, one that is missing or spreads itself holds nothing there.
 */
export function selectionDepth(document: DocumentNode): number {
  const fragments = fragmentsIn(document);
  const depthOfFragment = new Map<string, number>();

  function depthOf({ selections }: SelectionSetNode): number {
    let deepest = 0;
    for (const selection of selections) {
      let depth: number;
      if (selection.kind === Kind.FIELD) depth = 1 + (selection.selectionSet ? depthOf(selection.selectionSet) : 0);
      else if (selection.kind === Kind.INLINE_FRAGMENT) depth = depthOf(selection.selectionSet);
      else depth = fragmentDepth(selection.name.value);
      deepest = Math.max(deepest, depth);
    }
    return deepest;
  }

  function fragmentDepth(name: string): number {
    const known = depthOfFragment.get(name);
    if (known !== undefined) return known;
    depthOfFragment.set(name, 0); // while it is looked at
    const fragment = fragments.get(name);
    const depth = fragment ? depthOf(fragment.selectionSet) : 0;
    depthOfFragment.set(name, depth);
    return depth;
  }

  return Math.max(
    0,
    ...document.definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? depthOf(definition.selectionSet) : 0,
    ),
  );
}

/** How many fields an operation has at its root, by response name, fragments followed; of several operations the most. */
export function rootFields(document: DocumentNode): number {
  const fragments = fragmentsIn(document);
  const countOf = (root: SelectionSetNode): number => {
    const names = new Set<string>();
    const followed = new Set<string>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) names.add(selection.alias?.value ?? selection.name.value);
        else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
        else if (!followed.has(selection.name.value)) {
          followed.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (fragment) collect(fragment.selectionSet);
        }
      }
    };
    collect(root);
    return names.size;
  };
  return Math.max(
    0,
    ...document.definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? countOf(definition.selectionSet) : 0,
    ),
  );
}
