import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, Kind, OperationTypeNode, parse, print, validate, visit, type DocumentNode } from 'graphql';
import { operationIn } from '../executor/client-operation.js';
import { operationSignature, type OperationSignature } from './operation-signature.js';

const schema = buildSchema(`
  directive @defer(label: String, if: Boolean! = true) on FRAGMENT_SPREAD | INLINE_FRAGMENT
  directive @about(text: String, odd: Odd) on FIELD | QUERY | VARIABLE_DEFINITION
  type Query { find(text: String, ids: [ID!], matrix: [[Int]], ratio: Float, odd: Odd, mood: Mood, moods: [Mood!], by: Filter, some: [Filter!]): Found  other: Found }
  type Found { id: ID  name(as: String): String  more(first: Int): Found }
  input Filter { text: String  size: Int  mood: Mood  moods: [Mood]  odd: Odd  and: [Filter!]  not: Filter }
  enum Mood { GOOD BAD }
  scalar Odd
`);

const signatureOf = (source: string, operationName: string | null = null): OperationSignature | null => {
  const document = parse(source);
  return operationSignature(document, operationIn(document, operationName), schema);
};
const documentOf = (source: string, operationName?: string) => {
  expect(validate(schema, parse(source))).toEqual([]);
  return signatureOf(source, operationName)!.document;
};

describe('A signature', () => {
  it('is the SHA-256 of the operation as it is printed without its values', () => {
    const { signature, document } = signatureOf('query Ada { a: find(text: "Ada", ratio: 3.14) { id } }')!;
    expect(document).toBe('query Ada {\n  a: find(text: "", ratio: 0) {\n    id\n  }\n}');
    expect(signature).toBe(createHash('sha256').update(document).digest('hex'));
  });

  it.each([
    [
      'strings and numbers, also of lists and of block strings',
      '{ find(text: """ Ada """, ids: [1, "b"]) { id } }',
      '{ find(text: "", ids: [0, ""]) { id } }',
    ],
    [
      'how many equal items a list has',
      '{ find(ids: ["a", "b", "c"], matrix: [[1, 2], [3]]) { id } }',
      '{ find(ids: [""], matrix: [[0]]) { id } }',
    ],
    [
      'defaults of variables',
      'query ($a: String = "Ada", $f: Filter = { size: 3 }) { find(text: $a, by: $f) { id } }',
      'query ($a: String = "", $f: Filter = { size: 0 }) { find(text: $a, by: $f) { id } }',
    ],
    [
      'arguments of directives',
      'query @about(text: "Ada") { other @about(odd: 5) { id } }',
      'query @about(text: "") { other @about(odd: 0) { id } }',
    ],
    [
      'labels of what is deferred',
      '{ ... @defer(label: "Ada") { other { id } } ... @defer(label: "Bob", if: true) { other { id } } }',
      '{ ... @defer { other { id } } ... @defer(if: true) { other { id } } }',
    ],
    [
      'keys and names within a custom scalar',
      '{ find(odd: { ada: { bob: 1, eve: EVE } }) { id } }',
      '{ find(odd: { key1: { key1: 0, key2: "" } }) { id } }',
    ],
    [
      'the same within an input object',
      '{ find(by: { odd: [{ ada: "1" }, ADA] }) { id } }',
      '{ find(by: { odd: [{ key1: "" }, ""] }) { id } }',
    ],
    [
      'descriptions, of whatever has one',
      '"""Ada""" query Q("Ada" $a: String = "Ada") { other { ...F } find(text: $a) { id } } "Ada" fragment F on Found { id }',
      'query Q($a: String = "") { other { ...F } find(text: $a) { id } } fragment F on Found { id }',
    ],
    ['comments, and how it is laid out', '{ # Ada\n other { id, } }', '{ other { id } }'],
  ])('has nothing of %s', (_what, source, expected) => {
    expect(documentOf(source)).toBe(print(parse(expected)));
  });

  it.each([
    '{ find(mood: BAD, by: { mood: GOOD, moods: [GOOD, BAD], and: [{ not: { mood: null } }] }) { id } }',
    'query Named($v: Boolean = true, $m: [Mood!] = [GOOD]) { alias: find(moods: $m) { id @include(if: $v) name @skip(if: false) } }',
    'query ($a: String) { find(odd: { key1: $a }) { id } }',
    '{ find(some: [{ text: "" }, { size: 0 }]) { id } }',
  ])('keeps what the schema names, and what clients name: %s', (source) => {
    expect(documentOf(source)).toBe(print(parse(source)));
  });

  it('is of one operation, with the fragments it uses, in whatever order they are', () => {
    const [a, b, unused] = [
      'fragment A on Found { id ...B }',
      'fragment B on Found { name }',
      'fragment C on Found { id }',
    ];
    const sources = [
      `query One { other { ...A } } query Two { other { ...C } } ${a} ${b} ${unused}`,
      `${b} ${a} query One { other { ...A } }`,
    ];
    expect(sources.map((source) => documentOf(source, 'One'))).toEqual(
      sources.map(() => print(parse(`query One { other { ...A } } ${a} ${b}`))),
    );
  });

  it.each([
    ['an operation', (name: string) => `query ${name} { other { id } }`],
    ['a fragment', (name: string) => `{ other { ...${name} } } fragment ${name} on Found { id }`],
    ['a variable', (name: string) => `query ($${name}: String) { find(text: $${name}) { id } }`],
    ['an alias', (name: string) => `{ other { ${name}: id } }`],
  ])('is none where %s has a name of more than 100 characters', (_what, source) => {
    expect(signatureOf(source('n'.repeat(101)))).toBeNull();
    expect(signatureOf(source('n'.repeat(100)))).toMatchObject({ signature: expect.any(String) });
  });

  it('is none for an operation that is longer than 8 KiB without its values', () => {
    const found = (fields: number) =>
      `{ other { ${Array.from({ length: fields }, (_, at) => `a${at}: id`).join(' ')} } }`;
    expect(signatureOf(found(800))).toBeNull();
    expect(signatureOf(found(400))).toMatchObject({ signature: expect.any(String) });
    expect(signatureOf(`{ find(text: "${'x'.repeat(100_000)}") { id } }`)).toMatchObject({
      signature: expect.any(String),
    });
  });
});

/** Two writings of one value that differ in strings and numbers only. */
type Twice = readonly [string, string];
const both = (parts: readonly Twice[], join: (texts: readonly string[]) => string): Twice => [
  join(parts.map(([one]) => one)),
  join(parts.map(([, other]) => other)),
];
const string = fc.stringMatching(/^canary [a-z"\\é☃]{0,8}$/).map((text) => JSON.stringify(text));
const integer = fc.integer({ min: 70_000, max: 2_000_000_000 }).map(String);
const float = fc.integer({ min: 70_000, max: 90_000 }).map((number) => `${number}.25e3`);
const twice = (text: fc.Arbitrary<string>): fc.Arbitrary<Twice> => fc.tuple(text, text);
const same = (...texts: string[]): fc.Arbitrary<Twice> => fc.constantFrom(...texts).map((text) => [text, text]);
const listOf = (item: fc.Arbitrary<Twice>): fc.Arbitrary<Twice> =>
  fc.array(item, { maxLength: 2 }).map((items) => both(items, (texts) => `[${texts.join(', ')}]`));
const objectOf = (fields: Record<string, fc.Arbitrary<Twice>>): fc.Arbitrary<Twice> =>
  fc
    .record(fields, { requiredKeys: [] })
    .map((given) => Object.entries(given).filter((entry): entry is [string, Twice] => entry[1] !== undefined))
    .map((entries) =>
      both(
        entries.map(([name, [one, other]]) => [`${name}: ${one}`, `${name}: ${other}`]),
        (texts) => `{ ${texts.join(', ')} }`,
      ),
    );
const mood = same('GOOD', 'BAD', 'null');
const { filter, odd } = fc.letrec<{ filter: Twice; odd: Twice }>((tie) => ({
  odd: fc.oneof(
    { maxDepth: 1 },
    twice(fc.oneof(string, integer, float)).filter(([one, other]) => (one[0] === '"') === (other[0] === '"')),
    same('true', 'null'),
    listOf(tie('odd')),
    objectOf({ canaryKey: tie('odd'), other: tie('odd') }),
  ),
  filter: objectOf({
    text: twice(string),
    size: twice(integer),
    mood,
    moods: fc.oneof(mood, listOf(mood)),
    odd: tie('odd'),
    and: fc.oneof({ maxDepth: 1 }, same('[]'), listOf(tie('filter'))),
    not: fc.oneof({ maxDepth: 1 }, same('null'), tie('filter')),
  }),
}));
const args = objectOf({
  text: fc.oneof(twice(string), same('null', '$v')),
  ids: fc.oneof(listOf(twice(string)), listOf(twice(integer)), twice(string)),
  matrix: listOf(listOf(twice(integer))),
  ratio: twice(fc.oneof(integer, float)),
  odd,
  mood,
  moods: listOf(same('GOOD', 'BAD')),
  by: filter,
  some: listOf(filter),
}).map(([one, other]): Twice => [one.slice(2, -2), other.slice(2, -2)]);
const call = args.map((given) => both([given], ([text]) => (text ? `find(${text})` : 'other')));
/** `query`, with everything that can hold a literal. */
const anyTwice = fc.tuple(call, call, twice(string), filter, twice(integer), odd).map((parts) =>
  both(
    parts,
    ([first, second, text, by, size, about]) => `
        ${text} query Name(${text} $v: String = ${text}, $f: Filter = ${by}) @about(text: ${text}) {
          first: ${first} @about(odd: ${about}) { id name(as: ${text}) ...More }
          second: ${second} { aliased: more(first: ${size}) { id } }
          third: find(by: $f, text: $v) { id }
        }
        ${text} fragment More on Found { more(first: ${size}) { name(as: $v) } }`,
  ),
);

/** With all descriptions, and all values of arguments and variables, taken out. */
const withoutValues = (document: DocumentNode): string =>
  print(
    visit(document, {
      Argument: ({ name, value }) =>
        value.kind === Kind.VARIABLE ? undefined : { kind: Kind.ARGUMENT, name, value: { kind: Kind.NULL } },
      VariableDefinition: ({ variable, type }) => ({ kind: Kind.VARIABLE_DEFINITION, variable, type }),
      StringValue: (_node, key) => (key === 'description' ? null : undefined),
    }),
  );

describe('Any operation', () => {
  it('loses every string and number, stays valid, keeps its names, and has one signature whatever they are', () =>
    fc.assert(
      fc.property(anyTwice, ([one, other]) => {
        expect(validate(schema, parse(one))).toEqual([]);
        const signature = signatureOf(one)!;
        expect(signature.document).not.toMatch(/canary|\d\d/i);
        const recorded = parse(signature.document);
        expect(validate(schema, recorded)).toEqual([]);
        expect(withoutValues(recorded)).toBe(withoutValues(parse(one)));
        expect(operationIn(recorded, 'Name').operation).toBe(OperationTypeNode.QUERY);
        expect(signatureOf(other)).toEqual(signature);
        // What is recorded is its own signature.
        expect(signatureOf(signature.document)).toEqual(signature);
      }),
      { numRuns: 40 },
    ));
});
