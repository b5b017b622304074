import {
  isAbstractType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FragmentSpreadNode,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../../executor/client-operation.js';

/**
 * The document with every fragment on an abstract type replaced by one for each of its object types, where the object
 * around it may come from a subgraph that knows its interface only (`@interfaceObject`): `@apollo/query-planner` finds no
 * way from there to another abstract type. `interfaceObjects`: those interfaces, by name.
 */
export function expandAbstractFragments(
  document: DocumentNode,
  schema: GraphQLSchema,
  interfaceObjects: ReadonlySet<string>,
): DocumentNode {
  if (interfaceObjects.size === 0) return document;
  const fragments = fragmentsIn(document);
  const types = new TypeInfo(schema);

  /** For each object type that satisfies both; null where the fragment can stay. */
  function expanded(condition: string | undefined, selectionSet: SelectionSetNode): InlineFragmentNode | null {
    const parent = types.getParentType();
    const wanted = condition === undefined ? undefined : schema.getType(condition);
    if (!parent || !interfaceObjects.has(parent.name) || !isAbstractType(wanted) || wanted === parent) return null;
    if (!isAbstractType(parent)) return null;
    const both = schema.getPossibleTypes(wanted).filter((type) => schema.isSubType(parent, type));
    return {
      kind: Kind.INLINE_FRAGMENT,
      selectionSet: {
        kind: Kind.SELECTION_SET,
        selections:
          both.length === 0
            ? [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }]
            : both.map(({ name }) => ({
                kind: Kind.INLINE_FRAGMENT,
                typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } },
                selectionSet,
              })),
      },
    };
  }

  return visit(
    document,
    visitWithTypeInfo(types, {
      InlineFragment: {
        enter: ({ typeCondition, selectionSet }: InlineFragmentNode) =>
          expanded(typeCondition?.name.value, selectionSet) ?? undefined,
      },
      FragmentSpread: {
        enter({ name }: FragmentSpreadNode) {
          const fragment = fragments.get(name.value);
          return (fragment && expanded(fragment.typeCondition.name.value, fragment.selectionSet)) ?? undefined;
        },
      },
    }),
  );
}
