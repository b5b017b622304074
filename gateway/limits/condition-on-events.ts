import {
  Kind,
  OperationTypeNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * A `@skip` or `@include` at the root of a subscription that a variable decides, or null. The one field with the events is to
 * be known from the document alone (GraphQL specification, "Single Root Field"). The rule of graphql-js for that throws
 * here, with a sentence about a variable that has no value.
 */
export function conditionOnEvents({ definitions }: DocumentNode): DirectiveNode | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  const seen = new Set<FragmentDefinitionNode>();

  function conditionIn({ selections }: SelectionSetNode): DirectiveNode | null {
    for (const selection of selections) {
      const own = selection.directives?.find(isDecidedByVariable);
      if (own) return own;
      if (selection.kind === Kind.FIELD) continue;
      const below = selection.kind === Kind.INLINE_FRAGMENT ? selection : unseen(selection.name.value);
      const found = below && conditionIn(below.selectionSet);
      if (found) return found;
    }
    return null;
  }

  function unseen(name: string): FragmentDefinitionNode | null {
    const fragment = fragments.get(name);
    if (!fragment || seen.has(fragment)) return null;
    seen.add(fragment);
    return fragment;
  }

  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.operation !== OperationTypeNode.SUBSCRIPTION)
      continue;
    const found = conditionIn(definition.selectionSet);
    if (found) return found;
  }
  return null;
}

const isDecidedByVariable = ({ name, arguments: given }: DirectiveNode): boolean =>
  (name.value === 'skip' || name.value === 'include') &&
  given?.some(({ name: argument, value }) => argument.value === 'if' && value.kind === Kind.VARIABLE) === true;
