import {
  isAbstractType,
  Kind,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { ClientOperation } from './client-operation.js';

/** By response name, in the client's order: the field nodes that ask for it. */
export type CollectedFields = ReadonlyMap<string, readonly FieldNode[]>;

/** GraphQL specification, 6.3.2, with the operation's conditions decided, and without what is deferred. */
export function collectFields(
  schema: GraphQLSchema,
  { included, isDeferred, fragments }: Pick<ClientOperation, 'included' | 'isDeferred' | 'fragments'>,
  type: GraphQLObjectType | GraphQLInterfaceType,
  sets: readonly SelectionSetNode[],
): CollectedFields {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const applies = (condition: string | undefined): boolean => {
    if (condition === undefined || condition === type.name) return true;
    const wanted = schema.getType(condition);
    return isAbstractType(wanted) && schema.isSubType(wanted, type);
  };
  const visit = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (!included(selection) || isDeferred(selection)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = selection.alias?.value ?? selection.name.value;
        const group = fields.get(name);
        if (group) group.push(selection);
        else fields.set(name, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value)) visit(selection.selectionSet);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment && applies(fragment.typeCondition.name.value)) visit(fragment.selectionSet);
      }
    }
  };
  sets.forEach(visit);
  return fields;
}

/** The object types of an abstract one, those together that are answered with the same fields of the same types. */
export function typesAlike(
  schema: GraphQLSchema,
  client: ClientOperation,
  type: GraphQLAbstractType,
  sets: readonly SelectionSetNode[],
): readonly (readonly [GraphQLObjectType, ...GraphQLObjectType[]])[] {
  const alike = new Map<string, [GraphQLObjectType, ...GraphQLObjectType[]]>();
  const numbers = new Map<FieldNode, number>();
  const number = (node: FieldNode): number => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
  for (const possible of schema.getPossibleTypes(type)) {
    const shape = [...collectFields(schema, client, possible, sets)].map(([key, nodes]) => {
      const { value } = nodes[0]!.name;
      const of = value === TypeNameMetaFieldDef.name ? possible.name : String(fieldOf(possible, value).type);
      return `${key}:${value}:${of}:${nodes.map(number).join('+')}`;
    });
    const known = alike.get(shape.join());
    if (known) known.push(possible);
    else alike.set(shape.join(), [possible]);
  }
  return [...alike.values()];
}

export function fieldOf(
  parent: GraphQLObjectType | GraphQLInterfaceType,
  name: string,
): GraphQLField<unknown, unknown> {
  const field = parent.getFields()[name];
  if (!field) throw new Error(`The schema has no field ${parent.name}.${name}.`);
  return field;
}

/** Fields of one response name select together (GraphQL specification, 6.4.3, MergeSelectionSets). */
export function asOneField(nodes: readonly FieldNode[]): FieldNode {
  const selections = nodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  return { ...nodes[0]!, selectionSet: { kind: Kind.SELECTION_SET, selections } };
}
