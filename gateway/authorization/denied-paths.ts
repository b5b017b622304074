import { Kind, type FieldNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { OperationRequirements } from './operation-requirements.js';

/**
 * Where an operation asks for denied fields: response names from the root, joined by dots, without the indexes of lists. At
 * most `limit` of them; what is below a denied field is not looked at.
 */
export function deniedPaths(
  { operation, fragments }: OperationRequirements,
  denied: ReadonlySet<FieldNode>,
  limit: number,
): readonly string[] {
  const paths = new Set<string>();
  const followed = new Set<string>();
  const leads = new Map<SelectionSetNode, boolean>();

  const contentOf = (selection: SelectionNode): SelectionSetNode | undefined =>
    selection.kind === Kind.FRAGMENT_SPREAD
      ? fragments.get(selection.name.value)?.selectionSet
      : selection.selectionSet;

  /** True where a denied field is to be found. Without it, fragments that double with every level would not end. */
  function leadsToDenied(set: SelectionSetNode): boolean {
    let known = leads.get(set);
    if (known === undefined) {
      known = set.selections.some((selection) => {
        if (selection.kind === Kind.FIELD && denied.has(selection)) return true;
        const content = contentOf(selection);
        return content !== undefined && leadsToDenied(content);
      });
      leads.set(set, known);
    }
    return known;
  }

  function collect(set: SelectionSetNode, above: string): void {
    for (const selection of set.selections) {
      if (paths.size >= limit) return;
      let path = above;
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        path = above === '' ? name : `${above}.${name}`;
        if (denied.has(selection)) {
          paths.add(path);
          continue;
        }
      } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const visit = `${above} ${selection.name.value}`;
        if (followed.has(visit)) continue;
        followed.add(visit);
      }
      const content = contentOf(selection);
      if (content && leadsToDenied(content)) collect(content, path);
    }
  }

  collect(operation.selectionSet, '');
  return [...paths];
}
