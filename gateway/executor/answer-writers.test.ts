import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  executeSync,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
  type DocumentNode,
  type FieldNode,
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import { faultlessAnswer, ODD_VALUES } from '../test-support/any-answer.js';
import { anyOperation } from '../test-support/any-operation.js';
import { anySchema } from '../test-support/any-schema.js';
import { anyNumbers, Choices } from '../test-support/choices.js';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { AnswerProblems } from './answer-problems.js';
import { operationWriters } from './answer-writers.js';
import type { ClientOperation } from './client-operation.js';

interface Written {
  readonly text: string | null;
  readonly problems: readonly Problem[];
  readonly objects?: number;
}
type Problem = readonly [message: string, path: string];
/** graphql-js has words of its own for a value of another type. */
const problem = (message: string, path: readonly (string | number)[] = []): Problem => [
  message.startsWith('Cannot return null') ? message : 'unfit',
  path.join('.'),
];

/** By the writer that says what is wrong; the other one must write the same where nothing is, and nothing where something is. */
function write(
  schema: GraphQLSchema,
  client: ClientOperation,
  data: object,
  introspect: (field: FieldNode) => string = () => '"introspected"',
): Written {
  const writers = operationWriters(schema, client);
  const problems = new AnswerProblems([]);
  expect(writers.quick()).toBeNull();
  const text = writers.exact()(data, problems, introspect);
  const found = problems.found.map(({ message, path }) => problem(message, path));

  const written = { objects: 0 };
  const quick = writers.quick();
  expect(quick === null).toBe(client.mayDeny);
  const quickly = quick && { text: quick(data, introspect, written), ...written };
  const exactly = found.length > 0 ? null : text;
  if (quickly) expect(quickly.text).toBe(exactly);
  if (quickly && exactly !== null) expect(quickly.objects).toBe(problems.objects);
  return { text, problems: found, objects: problems.objects };
}

/** Those of the schema's types below `value`: what a custom scalar holds are none. */
function objectsIn(schema: GraphQLSchema, value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + one(item), 0);
  return Object.entries(value).reduce((sum, [key, item]) => (isLeaf(key) ? sum : sum + one(item)), 0);

  function one(item: unknown): number {
    const isObject = typeof item === 'object' && item !== null && !Array.isArray(item);
    return (isObject ? 1 : 0) + objectsIn(schema, item);
  }

  /** In `anySchema` a field's name says its type, wherever it is. */
  function isLeaf(key: string): boolean {
    const name = key.replace(/^x_/, '');
    for (const type of Object.values(schema.getTypeMap()))
      if ((isObjectType(type) || isInterfaceType(type)) && Object.hasOwn(type.getFields(), name))
        return isLeafType(getNamedType(type.getFields()[name]!.type));
    return true; // __typename
  }
}

/** A value that a resolver may return, in which graphql-js throws at each place that is not of its type. */
function strict(schema: GraphQLSchema, value: unknown, outer: GraphQLOutputType): unknown {
  if (value === null || value === undefined) return value;
  const type = getNullableType(outer);
  const unfit = new Error('A value does not fit.');
  if (isListType(type)) return Array.isArray(value) ? value.map((item) => strict(schema, item, type.ofType)) : unfit;
  if (isLeafType(type)) return isOfType(value, type) ? value : unfit;
  if (typeof value !== 'object' || Array.isArray(value)) return unfit;
  const named = (value as { __typename?: unknown }).__typename;
  return !isAbstractType(type) || schema.getPossibleTypes(type).some(({ name }) => name === named) ? value : unfit;
}

/** GraphQL specification, 3.5: as a response holds them, without what a service coerces before it answers. */
function isOfType(value: unknown, type: GraphQLLeafType): boolean {
  if (isEnumType(type)) return typeof value === 'string' && type.getValue(value) !== undefined;
  switch (type.name) {
    case 'String':
      return typeof value === 'string';
    case 'ID':
      return typeof value === 'string' || Number.isInteger(value);
    case 'Int':
      return Number.isInteger(value) && Math.abs(Number(value) + 0.5) < 2 ** 31;
    case 'Float':
      return Number.isFinite(value);
    case 'Boolean':
      return typeof value === 'boolean';
    default:
      return JSON.stringify(value) !== 'null'; // an infinite number; graphql-js would let it become null
  }
}

function writtenByGraphQLJs(schema: GraphQLSchema, document: DocumentNode, v: boolean, rootValue: object): Written {
  const { data, errors = [] } = executeSync({
    schema,
    document,
    rootValue,
    variableValues: { v },
    fieldResolver: (source: Record<string, unknown>, _arguments, _context, { path, returnType }) =>
      strict(schema, Object.hasOwn(source, path.key) ? source[path.key] : undefined, returnType),
    typeResolver: (value: { __typename: string }) => value.__typename,
  });
  return {
    text: data ? JSON.stringify(data) : null,
    problems: errors.map(({ message, path }) => problem(message, path)),
  };
}

/** Every object says its type, as a plan asks it to. */
const withTypeNames = (document: DocumentNode): DocumentNode =>
  visit(document, {
    SelectionSet: (set) => ({
      ...set,
      selections: [...set.selections, { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] as const,
    }),
  });

const WRONG = [null, undefined, '', 'RED', 0, 1.5, 2_147_483_648, -1e300, true, [], [[]], [null], Infinity, NaN];

/** The same data with something wrong at one place. */
function spoil(data: unknown, choices: Choices): unknown {
  let left = choices.below(placesIn(data));
  const copy = (value: unknown): unknown => {
    if (left-- === 0) return choices.oneOf(WRONG);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(copy);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, key === '__typename' ? item : copy(item)]),
    );
  };
  left++; // not the whole: an answer's data are an object
  return copy(data);
}

const placesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).reduce((sum, [key, item]) => (key === '__typename' ? sum : sum + placesIn(item)), 1)
    : 1;

const anyCase = anySchema.chain((sdl) =>
  fc.record({ sdl: fc.constant(sdl), query: anyOperation(buildSchema(sdl)), v: fc.boolean() }),
);

describe('The writer of an answer', () => {
  it('writes whatever subgraphs answered as graphql-js would, with an error at the same places', () => {
    let [faulty, lost] = [0, 0];
    fc.assert(
      fc.property(anyCase, anyNumbers(80), ({ sdl, query, v }, numbers) => {
        const schema = buildSchema(sdl);
        const document = parse(query);
        const client = clientOperationOf(document, { v });
        const choices = new Choices(numbers);
        let data: unknown = faultlessAnswer(schema, withTypeNames(document), { v }, choices, ODD_VALUES);
        for (let spoilt = choices.below(4); spoilt > 0; spoilt--) data = spoil(data, choices);

        const { text, problems, objects } = write(schema, client, data as object);
        const expected = writtenByGraphQLJs(schema, document, v, data as object);
        expect(text).toBe(expected.text);
        expect(problems).toEqual(expected.problems);
        expect(objects).toBe(objectsIn(schema, text && JSON.parse(text)));

        if (problems.length > 0) faulty++;
        if (text === null) lost++;
      }),
      { numRuns: 600 },
    );
    expect(faulty).toBeGreaterThan(100);
    expect(lost).toBeGreaterThan(10);
  });

  it('names the type itself in a problem, also where another is answered alike', () => {
    const schema = buildSchema(
      'type Query { nodes: [Node] } interface Node { id: ID! } type A implements Node { id: ID! } type B implements Node { id: ID! }',
    );
    const client = clientOperationOf(parse('{ nodes { id } }'));
    const nodes = ['A', 'B'].map((__typename) => ({ __typename, id: null }));
    expect(write(schema, client, { nodes }).problems.map(([message]) => message)).toEqual([
      'Cannot return null for non-nullable field A.id.',
      'Cannot return null for non-nullable field B.id.',
    ]);
  });

  const SCHEMA = buildSchema(`
    type Query { thing: Thing things: [[Thing!]] whole: Thing! node: Node any: Any odd: Odd surely: Odd! name: String id: ID }
    interface Node { id: ID! thing: Thing sizes: [Int!] }
    type Thing implements Node { id: ID! sizes: [Int!] name: String size: Int! thing: Thing constructor: String }
    type Other implements Node { id: ID! sizes: [Int!] name: String! thing: Thing! }
    union Any = Thing | Other
    scalar Odd
  `);
  const answered = (query: string, data: object, changes: Partial<ClientOperation> = {}): Written => {
    const { text, problems } = write(SCHEMA, clientOperationOf(parse(query), {}, changes), data);
    return { text: text && JSON.parse(text), problems };
  };
  const without = <Data>(data: Data) => ({ text: data, problems: [] });

  it('knows names that every JavaScript object has only where they were answered', () => {
    const query = '{ thing { constructor toString: name hasOwnProperty: name __proto__: name } }';
    expect(write(SCHEMA, clientOperationOf(parse(query)), { thing: {} })).toMatchObject(
      without('{"thing":{"constructor":null,"toString":null,"hasOwnProperty":null,"__proto__":null}}'),
    );
    const text = '{"thing":{"constructor":"a","toString":"b","hasOwnProperty":"c","__proto__":"d"}}';
    expect(write(SCHEMA, clientOperationOf(parse(query)), JSON.parse(text) as object).text).toBe(text);
  });

  it('takes an interface that no type implements for what it says itself, but has no name for what answered', () => {
    const schema = buildSchema('type Query { node: Node  same: Node } interface Node { id: ID }');
    const of = (query: string) => write(schema, clientOperationOf(parse(query)), { node: { id: '1' } }).text;
    expect(of('{ node { id } }')).toBe('{"node":{"id":"1"}}');
    expect(of('{ node { __typename id } same { id } }')).toBe('{"node":null,"same":null}');
  });

  it('says where in a list of lists something is missing, and lets null go no further than it must', () => {
    const things = [[{ size: 1 }], [{ size: 2 }, { size: null }], null];
    expect(answered('{ things { size } }', { things })).toEqual({
      text: { things: [[{ size: 1 }], null, null] },
      problems: [['Cannot return null for non-nullable field Thing.size.', 'things.1.1.size']],
    });
  });

  it('takes nothing for a list that is none', () => {
    for (const things of [{}, { length: 1 }, 'ab', 2])
      expect(answered('{ things { size } }', { things })).toEqual({
        text: { things: null },
        problems: [['unfit', 'things']],
      });
  });

  it('names the field of the type that an object is of', () => {
    for (const __typename of ['Thing', 'Other'])
      expect(answered('{ node { __typename sizes } }', { node: { __typename, sizes: [null] } })).toEqual({
        text: { node: { __typename, sizes: null } },
        problems: [[`Cannot return null for non-nullable field ${__typename}.sizes.`, 'node.sizes.0']],
      });
  });

  it('hands null up to the top where nothing on the way may be null', () => {
    expect(answered('{ name whole { thing { name } size } }', { name: 'a', whole: { thing: null } })).toEqual({
      text: null,
      problems: [['Cannot return null for non-nullable field Thing.size.', 'whole.size']],
    });
  });

  it('writes fields that several selections ask for once, where the first one stands', () => {
    const query =
      '{ thing { name } id ...F thing { size thing { id } } } fragment F on Query { thing { thing { size } id } }';
    const data = { id: '7', thing: { id: '1', name: 'a', size: 2, thing: { id: '3', size: 4 } } };
    expect(write(SCHEMA, clientOperationOf(parse(query)), data).text).toBe(
      '{"thing":{"name":"a","thing":{"size":4,"id":"3"},"id":"1","size":2},"id":"7"}',
    );
  });

  it('keeps places apart that share a part of their selections', () => {
    const query = '{ thing { ...F thing { size } } whole { ...F } } fragment F on Thing { thing { id } }';
    const data = { thing: { thing: { id: '1', size: 2 } }, whole: { thing: { id: '3', size: 4 } } };
    expect(answered(query, data)).toEqual(
      without({ thing: { thing: { id: '1', size: 2 } }, whole: { thing: { id: '3' } } }),
    );
  });

  it('stays small where fragments spread each other again and again', () => {
    const levels = Array.from(
      { length: 40 },
      (_, at) => `fragment F${at} on Thing { x: thing { ...F${at + 1} } y: thing { ...F${at + 1} } }`,
    );
    const query = `{ thing { ...F0 } } ${levels.join(' ')} fragment F40 on Thing { id }`;
    expect(answered(query, { thing: { y: { x: {} } } })).toEqual(
      without({ thing: { x: null, y: { x: { x: null, y: null }, y: null } } }),
    );
  });

  it('reads a field under its planned name and writes it under the client’s', () => {
    const changes: Partial<ClientOperation> = { plannedName: ({ name }) => `${name.value}__1` };
    expect(answered('{ mine: thing { size } }', { thing__1: { size__1: 3 }, mine: 'other' }, changes)).toEqual(
      without({ mine: { size: 3 } }),
    );
  });

  it('takes the name of a type from the schema where the place has one type', () => {
    expect(answered('{ __typename thing { __typename } }', { thing: {} })).toEqual(
      without({ __typename: 'Query', thing: { __typename: 'Thing' } }),
    );
  });

  it('decides by its type name what an object of an abstract type has', () => {
    const query = '{ node { __typename id ... on Thing { size } } any { ... on Other { name } } }';
    const node = { __typename: 'Thing', id: '1', size: 2 };
    expect(answered(query, { node, any: { __typename: 'Other', name: 'b' } })).toEqual(
      without({ node: { __typename: 'Thing', id: '1', size: 2 }, any: { name: 'b' } }),
    );
    expect(answered(query, { node: { ...node, __typename: 'Other' }, any: { __typename: 'Thing' } })).toEqual(
      without({ node: { __typename: 'Other', id: '1' }, any: {} }),
    );
  });

  it.each(['Query', 'Node', 'constructor', '', null, undefined, 5])(
    'has no fields for an object whose type %j decides about them and is none of the possible ones',
    (__typename) => {
      const data = { any: { __typename, size: 1, name: 'b' } };
      expect(
        answered('{ any { ... on Thing { size } ... on Other { name } } }', data, { interfaces: ['Node'] }),
      ).toEqual({
        text: { any: null },
        problems: [['unfit', 'any']],
      });
    },
  );

  it.each(['Thing', 'Node', 'Query', undefined])(
    'asks no object for its type (here %j) where all possible ones have the same fields',
    (__typename) => {
      expect(answered('{ node { id } }', { node: { __typename, id: '1' } })).toEqual(without({ node: { id: '1' } }));
    },
  );

  it('answers null for an object of a type that clients cannot see', () => {
    const seen = { hidesTypes: true, interfaces: ['Node'] };
    expect(answered('{ node { id } }', { node: { __typename: 'Hidden', id: '1' } }, seen).text).toEqual({ node: null });
    for (const __typename of ['Thing', 'Node', undefined])
      expect(answered('{ node { id } }', { node: { __typename, id: '1' } }, seen)).toEqual(
        without({ node: { id: '1' } }),
      );
  });

  it('heeds that a possible type allows no null where its interface does', () => {
    const query = '{ node { thing { size } } }';
    expect(answered(query, { node: { __typename: 'Thing', thing: null } })).toEqual(without({ node: { thing: null } }));
    expect(answered(query, { node: { __typename: 'Other', thing: null } })).toEqual({
      text: { node: null },
      problems: [['Cannot return null for non-nullable field Other.thing.', 'node.thing']],
    });
  });

  it('writes a custom scalar as its subgraph answered it', () => {
    const odd = { a: [1, 'b', { c: null }], __typename: 'no type' };
    expect(answered('{ odd surely }', { odd, surely: '' })).toEqual(without({ odd, surely: '' }));
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  it.each([[10n], [cycle], [NaN], [() => 1], [new Date(NaN)]])(
    'takes a custom scalar without a form in JSON for one that does not fit (%#)',
    (odd) => {
      expect(answered('{ odd }', { odd })).toEqual({ text: { odd: null }, problems: [['unfit', 'odd']] });
      expect(answered('{ surely }', { surely: odd })).toEqual({ text: null, problems: [['unfit', 'surely']] });
    },
  );

  it('asks for introspection with all that the client selected there', () => {
    const asked: string[] = [];
    const query = '{ __schema { queryType { name } } ...F name } fragment F on Query { __schema { types { name } } }';
    const client = clientOperationOf(parse(query));
    const { text } = write(SCHEMA, client, { name: 'a' }, (field) => {
      asked.push(stripIgnoredCharacters(print(field)));
      return '{"x":1}';
    });
    expect(text).toBe('{"__schema":{"x":1},"name":"a"}');
    expect(new Set(asked)).toEqual(new Set(['__schema{queryType{name}types{name}}']));
  });

  describe('where a field is denied', () => {
    const denying = (...names: string[]): Partial<ClientOperation> => ({
      mayDeny: true,
      isDenied: ({ name }) => names.includes(name.value),
    });
    const data = { name: 'a', thing: { name: 'secret', size: 5 } };

    it('writes null and says so, whatever was fetched', () => {
      expect(answered('{ thing { mine: name size } }', data, denying('name'))).toEqual({
        text: { thing: { mine: null, size: 5 } },
        problems: [['unfit', 'thing.mine']],
      });
    });

    it('writes null where one of several fields of the name is denied', () => {
      const changes = { mayDeny: true, isDenied: ({ directives = [] }: FieldNode) => directives.length > 0 };
      expect(answered('{ name name @include(if: true) }', data, changes).text).toEqual({ name: null });
    });

    it('lets the null travel where it may not stay', () => {
      expect(answered('{ name thing { size } }', data, denying('size'))).toEqual({
        text: { name: 'a', thing: null },
        problems: [['unfit', 'thing.size']],
      });
      expect(answered('{ thing { __typename } }', data, denying('__typename')).text).toEqual({ thing: null });
    });
  });
});
