import {
  isAbstractType,
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../../executor/client-operation.js';

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

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
            ? [TYPENAME]
            : both.map((type) => ({
                kind: Kind.INLINE_FRAGMENT,
                typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type.name } },
                selectionSet: narrowed(selectionSet, type),
              })),
      },
    };
  }

  /** What the selections ask of this very type: its own fragments opened, those on others left out. */
  function narrowed({ selections }: SelectionSetNode, type: GraphQLObjectType): SelectionSetNode {
    const left = selections.flatMap((selection): readonly SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return [selection];
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      const wanted = fragment?.typeCondition && schema.getType(fragment.typeCondition.name.value);
      const applies = !wanted || wanted === type || (isAbstractType(wanted) && schema.isSubType(wanted, type));
      return fragment && applies ? narrowed(fragment.selectionSet, type).selections : [];
    });
    return { kind: Kind.SELECTION_SET, selections: left.length === 0 ? [TYPENAME] : left };
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
