import {
  getIntrospectionQuery,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  Kind,
  parse,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';

/** Tools ask for everything once. */
const MOST_TIMES = 2;

const WHOLE_SCHEMA = parse(
  getIntrospectionQuery({
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    schemaDescription: true,
    inputValueDeprecation: true,
    oneOf: true,
  }),
);

interface SizedSchema {
  /** How many items a list of introspection has, on average, by `Type.field`. */
  readonly lengths: ReadonlyMap<string, number>;
  /** Of what tools ask for. */
  readonly whole: number;
}
const known = new WeakMap<GraphQLSchema, SizedSchema>();

/**
 * False: an operation asks for the same of the schema again and again, by aliases or by way of its types' fields' types. The
 * gateway answers it alone, at no cost that is counted, and a page of text could keep it busy for a minute. The document is
 * valid.
 */
export function asksForSchemaOnce(document: DocumentNode, schema: GraphQLSchema): boolean {
  const size = (lengths: ReadonlyMap<string, number>, of: DocumentNode): number =>
    introspectedFields(of, schema, lengths);
  let sized = known.get(schema);
  if (!sized) {
    const lengths = averageLengths(schema);
    known.set(schema, (sized = { lengths, whole: size(lengths, WHOLE_SCHEMA) }));
  }
  return size(sized.lengths, document) <= MOST_TIMES * sized.whole;
}

/** How many fields an answer has, about, of the operation that asks for most. Each selection is looked at once. */
function introspectedFields(
  document: DocumentNode,
  schema: GraphQLSchema,
  lengths: ReadonlyMap<string, number>,
): number {
  const fragments = fragmentsIn(document);
  const sizes = new Map<SelectionSetNode, number>();

  function sizeOf(set: SelectionSetNode, type: GraphQLNamedType): number {
    const before = sizes.get(set);
    if (before !== undefined) return before;
    let size = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) size += sizeOf(selection.selectionSet, type);
      else if (selection.kind === Kind.FRAGMENT_SPREAD)
        size += sizeOf(fragments.get(selection.name.value)!.selectionSet, type);
      else size += sizeOfField(selection.name.value, selection.selectionSet, type);
    }
    sizes.set(set, size);
    return size;
  }

  function sizeOfField(name: string, set: SelectionSetNode | undefined, parent: GraphQLNamedType): number {
    if (name === SchemaMetaFieldDef.name || name === TypeMetaFieldDef.name)
      return (
        1 + sizeOf(set!, getNamedType((name === SchemaMetaFieldDef.name ? SchemaMetaFieldDef : TypeMetaFieldDef).type))
      );
    if (!isObjectType(parent) || !isIntrospectionType(parent)) return 0; // subgraphs are asked
    const type = getNamedType(parent.getFields()[name]?.type);
    const length = lengths.get(`${parent.name}.${name}`) ?? 1;
    return length * (1 + (set && isCompositeType(type) ? sizeOf(set, type) : 0));
  }

  return Math.max(
    0,
    ...document.definitions.map((definition) => {
      const root = definition.kind === Kind.OPERATION_DEFINITION && schema.getRootType(definition.operation);
      return root && 'selectionSet' in definition ? sizeOf(definition.selectionSet, root) : 0;
    }),
  );
}

function averageLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const owners = types.filter((type) => isObjectType(type) || isInterfaceType(type));
  const fields = owners.flatMap((type) => Object.values(type.getFields()));
  const inputs = types.filter(isInputObjectType);
  const enums = types.filter(isEnumType);
  const directives = schema.getDirectives();
  const average = (lengths: readonly number[]): number =>
    Math.max(1, lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length));
  return new Map([
    ['__Schema.types', types.length],
    ['__Schema.directives', directives.length],
    ['__Type.fields', average(owners.map((type) => Object.keys(type.getFields()).length))],
    ['__Type.interfaces', average(owners.map((type) => type.getInterfaces().length))],
    [
      '__Type.possibleTypes',
      average(types.map((type) => (isAbstractType(type) ? schema.getPossibleTypes(type).length : 1))),
    ],
    ['__Type.inputFields', average(inputs.map((type) => Object.keys(type.getFields()).length))],
    ['__Type.enumValues', average(enums.map((type) => type.getValues().length))],
    ['__Field.args', average(fields.map((field) => field.args.length))],
    ['__Directive.args', average(directives.map((directive) => directive.args.length))],
  ]);
}
