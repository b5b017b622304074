import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildASTSchema,
  buildSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  Kind,
  parse,
  print,
  TypeInfo,
  typeFromAST,
  validate,
  validateSchema,
  visit,
  visitWithTypeInfo,
  type ConstValueNode,
  type DefinitionNode,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type NamedTypeNode,
  type TypeNode,
} from 'graphql';
import { anyOperation } from '../../gateway/test-support/any-operation.js';
import { anySchema } from '../../gateway/test-support/any-schema.js';
import { anyNumbers, Choices } from '../../gateway/test-support/choices.js';
import { judgeChanges, type JudgedChanges } from '../../toolchain/check/judge-changes.js';
import type { KnownOperation } from '../../toolchain/check/known-operation.js';
import { definitionPlaces } from '../../toolchain/check/definition-places.js';
import { indexOperations, validity } from '../../toolchain/check/operation-index.js';

/** With everything that `anySchema` lacks: arguments, inputs, enums that are sent, directives, an interface of one. */
const SHOP = `
directive @trace(level: Int = 1, label: String) repeatable on FIELD | QUERY
type Query { item(id: ID!, order: Order = UP, where: Where): Item items(first: Int = 10, after: String): [Item!] any: [Any!]! made: Made count(where: Where!): Int! }
type Mutation { put(input: Put!): Item drop(id: ID!): Boolean! }
interface Made { id: ID! by(short: Boolean = false): Person }
interface Sold implements Made { id: ID! by(short: Boolean = false): Person price(in: Currency = EUR): Float! }
type Item implements Sold & Made { id: ID! name: String by(short: Boolean = false): Person price(in: Currency = EUR): Float! tags(first: Int): [String!]! state: State! like: [Item] }
type Person implements Made { id: ID! name: String! by(short: Boolean = false): Person age: Int made: [Made!] state: State }
type Place { id: ID! name: String where: String }
union Any = Item | Person | Place
enum Order { UP DOWN }
enum State { NEW OLD GONE }
enum Currency { EUR USD }
input Where { text: String state: State tags: [String!] not: Where limit: Int = 5 between: Between }
input Between { low: Float! high: Float }
input Put { id: ID! name: String! state: State = NEW where: Where }
`;

/** Operations on `SHOP`, and what came in their variables. */
const SHOPPING: readonly { readonly document: string; readonly inputs?: readonly string[] }[] = [
  { document: '{ item(id: "") { id name } }' },
  { document: '{ item(id: "", order: DOWN) { price(in: USD) state } }' },
  { document: 'query ($id: ID!, $o: Order = DOWN) { item(id: $id, order: $o) { tags(first: 0) like { name } } }' },
  { document: '{ items { by(short: true) { name age } } }' },
  { document: 'query ($n: Int) { items(first: $n, after: "") { ...F } } fragment F on Sold { price by { id } }' },
  { document: '{ any { __typename ... on Item { state } ... on Person { mood: state age } ... on Made { id } } }' },
  { document: '{ any { ... on Sold { price ... on Item { name } } ... on Place { where } } }' },
  {
    document: '{ any { ... on Person { name made { by { id } ... on Item { tags } } } ... on Place { label: name } } }',
  },
  { document: '{ made { id ... on Sold { price(in: EUR) } } }' },
  { document: '{ made { by(short: true) { made { id } } } }' },
  { document: '{ count(where: { text: "", state: OLD, tags: [""] }) }' },
  { document: '{ count(where: { not: { limit: 0 }, between: { low: 0 } }) }' },
  { document: 'query ($w: Where!) { count(where: $w) }', inputs: ['Where.between', 'Between.low', 'Where.text'] },
  { document: 'query ($w: Where!) { count(where: $w) }', inputs: ['Where.state', 'State.GONE', 'Where.limit'] },
  { document: 'query ($s: State) { count(where: { state: $s }) }', inputs: ['State.NEW'] },
  { document: 'mutation ($input: Put!) { put(input: $input) { id } }', inputs: ['Put.id', 'Put.name'] },
  { document: 'mutation { put(input: { id: "", name: "", where: {} }) { name by { name } } }' },
  { document: 'mutation ($id: ID!) { drop(id: $id) }' },
  { document: 'query @trace { items { id @trace(level: 0) @trace(label: "") } }' },
  { document: '{ items @trace { like { like { state } } } }' },
];

const known = (document: string, inputs: readonly string[] = [], at = 0): KnownOperation => ({
  name: `Operation${at}`,
  document,
  inputs,
  count: 1,
  lastSeen: new Date(0),
  clients: [],
  signature: `${at}`,
  place: null,
});

const LEAVES = ['String', 'Int', 'Float', 'ID'];

/** One to three small changes, of which most break somebody. Null: what came out is no schema. */
function damaged(sdl: string, numbers: readonly number[]): GraphQLSchema | null {
  const choices = new Choices(numbers);
  let document = parse(sdl, { noLocation: true });
  for (let left = 1 + choices.below(3); left > 0; left--) document = damage(document, choices);
  try {
    const schema = buildASTSchema(parse(print(document)));
    return validateSchema(schema).length === 0 ? schema : null;
  } catch {
    return null; // it names a type that is gone
  }
}

function damage(document: DocumentNode, choices: Choices): DocumentNode {
  const at = choices.below(document.definitions.length);
  const definition = document.definitions[at]!;
  const damagedOne = damageDefinition(definition, choices);
  return {
    ...document,
    definitions: document.definitions.flatMap((one, index) => (index === at ? damagedOne : [one])),
  };
}

function damageDefinition(definition: DefinitionNode, choices: Choices): readonly DefinitionNode[] {
  if (choices.onceIn(20)) return [];
  const without = <Item>(items: readonly Item[] = []): readonly Item[] => {
    const gone = choices.below(items.length || 1);
    return items.filter((_item, at) => at !== gone);
  };
  const changeOne = <Item>(items: readonly Item[] = [], change: (item: Item) => Item): readonly Item[] => {
    const chosen = choices.below(items.length || 1);
    return items.map((item, at) => (at === chosen ? change(item) : item));
  };
  const typed = <Node extends { readonly type: TypeNode }>(node: Node): Node => ({
    ...node,
    type: otherType(node.type, choices),
  });
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION:
      switch (choices.below(6)) {
        case 0:
          return [{ ...definition, fields: without(definition.fields) }];
        case 1:
          return [{ ...definition, fields: changeOne(definition.fields, typed) }];
        case 2:
          return [{ ...definition, interfaces: without(definition.interfaces) }];
        case 3:
          return [
            {
              ...definition,
              fields: changeOne(definition.fields, (field) => ({ ...field, arguments: without(field.arguments) })),
            },
          ];
        case 4:
          return [
            {
              ...definition,
              fields: changeOne(definition.fields, (field) => ({
                ...field,
                arguments: changeOne(field.arguments, (argument) =>
                  choices.onceIn(2) ? withDefault(argument, choices) : typed(argument),
                ),
              })),
            },
          ];
        default:
          return [
            {
              ...definition,
              fields: changeOne(definition.fields, (field) => ({
                ...field,
                arguments: [...(field.arguments ?? []), added(choices)],
              })),
            },
          ];
      }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      switch (choices.below(4)) {
        case 0:
          return [{ ...definition, fields: without(definition.fields) }];
        case 1:
          return [{ ...definition, fields: changeOne(definition.fields, typed) }];
        case 2:
          return [{ ...definition, fields: changeOne(definition.fields, (field) => withDefault(field, choices)) }];
        default:
          return [{ ...definition, fields: [...(definition.fields ?? []), added(choices)] }];
      }
    case Kind.ENUM_TYPE_DEFINITION:
      return [{ ...definition, values: without(definition.values) }];
    case Kind.UNION_TYPE_DEFINITION:
      return [{ ...definition, types: without(definition.types) }];
    case Kind.DIRECTIVE_DEFINITION:
      switch (choices.below(4)) {
        case 0:
          return [{ ...definition, repeatable: false }];
        case 1:
          return [{ ...definition, locations: without(definition.locations) }];
        case 2:
          return [{ ...definition, arguments: without(definition.arguments) }];
        default:
          return [{ ...definition, arguments: changeOne(definition.arguments, typed) }];
      }
    default:
      return [definition];
  }
}

const added = (choices: Choices) =>
  parseInput(choices.oneOf(['added: Int', 'added: Int!', 'added: Int! = 1', 'added: Int = 1']));

function parseInput(text: string) {
  const [definition] = parse(`input I { ${text} }`, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION) throw new Error(`${text} is no input field.`);
  return definition.fields![0]!;
}

function withDefault<Node extends { readonly defaultValue?: ConstValueNode | undefined }>(
  node: Node,
  choices: Choices,
): Node {
  const value = choices.oneOf<ConstValueNode | undefined>([
    undefined,
    { kind: Kind.INT, value: '1' },
    { kind: Kind.NULL },
  ]);
  return { ...node, defaultValue: value };
}

function otherType(type: TypeNode, choices: Choices): TypeNode {
  switch (choices.below(4)) {
    case 0:
      return type.kind === Kind.NON_NULL_TYPE ? type.type : { kind: Kind.NON_NULL_TYPE, type };
    case 1:
      return { kind: Kind.LIST_TYPE, type };
    case 2:
      return type.kind === Kind.LIST_TYPE ? type.type : type;
    default:
      return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: choices.oneOf(LEAVES) } };
  }
}

/**
 * Everything of a schema that an operation can meet, as text: for each of its fields the type, the arguments there are and
 * what they take, the objects an interface or union may be and the values an enum may have; the same of its variables.
 */
function surroundings({ document }: KnownOperation, schema: GraphQLSchema): string {
  const lines = new Set<string>();
  const seen = new Set<GraphQLNamedType>();
  const addType = (type: GraphQLNamedType | null | undefined): void => {
    if (!type || seen.has(type)) return void (type === undefined && lines.add('?'));
    seen.add(type);
    if (isEnumType(type)) lines.add(`${type.name} ${type.getValues().map(({ name }) => name)}`);
    if (isAbstractType(type))
      lines.add(
        `${type.name} ${schema
          .getPossibleTypes(type)
          .map(({ name }) => name)
          .sort()}`,
      );
    if ('getInterfaces' in type) lines.add(`${type.name} is ${type.getInterfaces()}`);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields())) {
        lines.add(`${type.name}.${field.name}: ${field.type} ${JSON.stringify(field.defaultValue)}`);
        addType(getNamedType(field.type));
      }
  };
  const typeInfo = new TypeInfo(schema);
  visit(
    parse(document),
    visitWithTypeInfo(typeInfo, {
      enter(node) {
        if (node.kind === Kind.FIELD && !node.name.value.startsWith('__')) {
          const [parent, field] = [typeInfo.getParentType(), typeInfo.getFieldDef()];
          if (!parent || !field) return void lines.add('?');
          addType(parent);
          addType(getNamedType(field.type));
          const owners = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
          for (const owner of owners) {
            const own = 'getFields' in owner ? owner.getFields()[field.name] : undefined;
            lines.add(`${owner}.${field.name}: ${own?.type}`);
            for (const argument of own?.args ?? []) {
              lines.add(
                `${owner}.${field.name}(${argument.name}: ${argument.type} ${JSON.stringify(argument.defaultValue)})`,
              );
              addType(getNamedType(argument.type));
            }
          }
        }
        if (node.kind === Kind.DIRECTIVE) {
          const directive = typeInfo.getDirective();
          lines.add(JSON.stringify([directive?.name, directive?.locations, directive?.isRepeatable]));
          for (const argument of directive?.args ?? [])
            lines.add(
              `@${directive?.name}(${argument.name}: ${argument.type} ${JSON.stringify(argument.defaultValue)})`,
            );
        }
        if (node.kind === Kind.VARIABLE_DEFINITION) {
          const type = typeFromAST(schema, node.type as NamedTypeNode);
          addType(type ? getNamedType(type) : undefined);
        }
        if ((node.kind === Kind.FRAGMENT_DEFINITION || node.kind === Kind.INLINE_FRAGMENT) && node.typeCondition)
          addType(schema.getType(node.typeCondition.name.value));
      },
    }),
  );
  return [...lines].sort().join('\n');
}

async function judge(
  base: GraphQLSchema,
  candidate: GraphQLSchema,
  operations: readonly KnownOperation[],
): Promise<JudgedChanges> {
  return judgeChanges(
    { base, candidate },
    await indexOperations(operations, base, () => undefined),
    { onBase: validity(base), onCandidate: validity(candidate) },
    { base: definitionPlaces([]), candidate: definitionPlaces([]) },
  );
}

async function holds(
  base: GraphQLSchema,
  candidate: GraphQLSchema,
  operations: readonly KnownOperation[],
): Promise<void> {
  const { changes, unexplained } = await judge(base, candidate, operations);
  const named = new Set(changes.flatMap(({ affected }) => affected.operations.map(({ name }) => name)));
  const breaking = new Set(
    changes.flatMap(({ severity, affected }) =>
      severity === 'error' ? affected.operations.map(({ name }) => name) : [],
    ),
  );
  const invalid = operations.filter(({ document }) => validate(candidate, parse(document)).length > 0);
  const untouched = operations.filter((one) => surroundings(one, base) === surroundings(one, candidate));

  expect(invalid.filter(({ name }) => !breaking.has(name))).toEqual([]);
  expect(unexplained).toEqual([]); // a change explains each of them
  expect(untouched.filter(({ name }) => named.has(name))).toEqual([]);
}

describe('Of operations on a schema that is damaged at random', () => {
  it('each that is not valid any more is named by a change, and none that meets nothing of it', async () => {
    const operations = SHOPPING.map(({ document, inputs }, at) => known(document, inputs, at));
    const base = buildSchema(SHOP);
    for (const { document } of operations) expect(validate(base, parse(document))).toEqual([]);
    await fc.assert(
      fc.asyncProperty(anyNumbers(30), async (numbers) => {
        const candidate = damaged(SHOP, numbers);
        fc.pre(candidate !== null);
        await holds(base, candidate, operations);
      }),
      { numRuns: 60 },
    );
  });

  it('that holds for any schema and any operation', async () => {
    const damages = anySchema.chain((sdl) =>
      fc.record({
        sdl: fc.constant(sdl),
        numbers: anyNumbers(30),
        documents: fc.array(anyOperation(buildSchema(sdl)), { minLength: 3, maxLength: 3 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(damages, async ({ sdl, numbers, documents }) => {
        const base = buildSchema(sdl);
        const candidate = damaged(sdl, numbers);
        fc.pre(candidate !== null);
        const valid = documents.filter((document) => validate(base, parse(document)).length === 0);
        await holds(
          base,
          candidate,
          valid.map((document, at) => known(document, [], at)),
        );
      }),
      { numRuns: 30 },
    );
  });
});
