import { Kind, type DocumentNode, type SelectionSetNode } from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';

/**
 * Whether fields of one document can be compared with each other in `most` steps, down to `depth`: validation compares any
 * two that answer at the same place, and so does whoever merges them later. What stands at a place counts with its square,
 * and each place once for every way that leads there. Takes no more than `most` steps itself, whatever the document holds:
 * it may be invalid.
 */
export function mergesWithin(most: number, depth: number, document: DocumentNode): boolean {
  const fragments = fragmentsIn(document);
  let left = most;

  /** Selection sets that answer at one place. False as soon as there is too much. */
  function compare(sets: readonly SelectionSetNode[], below: number): boolean {
    const fields = new Map<string, { count: number; readonly sets: SelectionSetNode[] }>();
    const followed = new Set<string>();
    const gather = ({ selections }: SelectionSetNode): void => {
      left -= selections.length;
      if (left < 0) return;
      for (const selection of selections) {
        if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          let field = fields.get(name);
          if (!field) fields.set(name, (field = { count: 0, sets: [] }));
          field.count++;
          if (selection.selectionSet) field.sets.push(selection.selectionSet);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) gather(selection.selectionSet);
        else if (!followed.has(selection.name.value)) {
          followed.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (fragment) gather(fragment.selectionSet);
        }
      }
    };
    for (const set of sets) gather(set);
    left -= followed.size ** 2;
    for (const { count } of fields.values()) left -= count ** 2;
    if (left < 0) return false;
    if (below > 1)
      for (const field of fields.values()) if (field.sets.length > 0 && !compare(field.sets, below - 1)) return false;
    return true;
  }

  return document.definitions.every(
    (definition) => !('selectionSet' in definition) || compare([definition.selectionSet], depth),
  );
}
