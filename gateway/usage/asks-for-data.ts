import {
  Kind,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';

/**
 * False: it asks for `__typename`, `__schema` and `__type` alone, which every schema has; no change of one concerns it.
 * `looksAt`: selections that are left out are as if they were not there.
 */
export function asksForData(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  looksAt: (selection: SelectionNode) => boolean = () => true,
): boolean {
  const looked = new Set<string>();
  let fragments: ReturnType<typeof fragmentsIn> | undefined;
  const hasField = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (!looksAt(selection)) return false;
      if (selection.kind === Kind.FIELD) return !selection.name.value.startsWith('__');
      if (selection.kind === Kind.INLINE_FRAGMENT) return hasField(selection.selectionSet);
      const name = selection.name.value;
      if (looked.has(name)) return false;
      looked.add(name);
      fragments ??= fragmentsIn(document);
      const fragment = fragments.get(name);
      return fragment !== undefined && hasField(fragment.selectionSet);
    });
  return hasField(selectionSet);
}
