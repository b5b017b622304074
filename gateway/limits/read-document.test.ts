import { describe, expect, it } from '@jest/globals';
import { buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import { DEFAULT_LIMITS, limitsKey } from './limits-settings.js';
import { mergesWithin } from './merging-work.js';
import { readDocument } from './read-document.js';

const SCHEMA = buildSchema(`
  type Query { text(of: Int): String person: Person node: Node }
  interface Node { id: ID person: Person }
  type Person implements Node { id: ID person: Person friends(first: Int): [Person] group: Group }
  type Group implements Node { id: ID person: Person members: [Person] }
  type Subscription { ticked: Int personMoved: Person }
`);

const times = (count: number, text: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => text(at)).join(' ');
/** `above` opens one object or more, and so often they are closed behind `inner`. */
const nested = (count: number, above: string, inner: string): string =>
  `${above} `.repeat(count) + inner + ' }'.repeat(count * above.split('{').length - count);

/** Null: it is read. */
function refusalOf(source: string, limits = DEFAULT_LIMITS, suggests = true): string | null {
  try {
    readDocument(source, SCHEMA, { limits, suggests });
    return null;
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
}

describe('A document', () => {
  it.each([
    ['aliases', 100, (count: number) => `{ person { ${times(count, (at) => `a${at}: id`)} } }`],
    ['aliases', 100, (count: number) => `{ ...F } fragment F on Query { person { ${times(count, () => 'a: id')} } }`],
    ['directives', 100, (count: number) => `{ person { ${times(count, () => 'id @skip(if: true)')} } }`],
    [
      'directives',
      100,
      (count: number) =>
        `{ person { ... @include(if: true) { id } ...F @include(if: false) ${times(count - 2, () => 'id @skip(if: true)')} } } fragment F on Person { id }`,
    ],
  ])('may have so many %s and no more', (what, most, source) => {
    expect(refusalOf(source(most))).toBeNull();
    expect(refusalOf(source(most + 1))).toBe(`The document has ${most + 1} ${what}; ${most} is the limit.`);
  });

  it.each([
    [
      'in a list of the same',
      (count: number) => `{ person { ${nested(count, 'friends {', 'id')} } }`,
      'Person.friends',
    ],
    [
      'through another type',
      (count: number) => `{ person { ${nested(count, 'group { members {', 'id')} } }`,
      'Person.group',
    ],
    [
      'through fragments',
      (count: number) =>
        `{ person { ...F1 } } ${times(count, (at) => `fragment F${at + 1} on Person { friends { ${at + 1 < count ? `...F${at + 2}` : 'id'} } }`)}`,
      'Person.friends',
    ],
    [
      'under different names and conditions',
      (count: number) => `{ person { ${nested(count, '... @include(if: true) { x: friends {', 'id')} } }`,
      'Person.friends',
    ],
  ])('may ask for a field eight times on one path and no more, %s', (_how, source, field) => {
    expect(refusalOf(source(8))).toBeNull();
    expect(refusalOf(source(9))).toBe(`"${field}" lies 9 times on one path; 8 times is the limit.`);
  });

  it('may ask for a field in many places that do not lie in each other', () => {
    expect(refusalOf(`{ person { ${times(40, (at) => `a${at}: friends { id }`)} } }`)).toBeNull();
  });

  it('may be as large as a deployment says', () => {
    const limits = limitsKey.parse({
      max_tokens: 10,
      max_depth: 2,
      max_root_fields: 1,
      max_aliases: 1,
      max_directives: 1,
      max_recursion: 1,
    });
    for (const [source, refusal] of [
      ['{ person { id id id id id id } }', 'Syntax Error: Document contains more that 10 tokens. Parsing aborted.'],
      ['{ person { person { id } } }', 'The document nests fields 3 deep; 2 is the limit.'],
      ['{ text node { id } }', 'An operation asks for 2 root fields, aliases included; 1 is the limit.'],
      ['{ a: text b: text }', 'The document has 2 aliases; 1 is the limit.'],
    ] as const)
      expect(refusalOf(source, limits)).toBe(refusal);
  });

  it('may be what tools send to learn the schema', () => {
    const wanted = { specifiedByUrl: true, inputValueDeprecation: true, directiveIsRepeatable: true, oneOf: true };
    expect(refusalOf(getIntrospectionQuery(wanted))).toBeNull();
  });

  it.each([
    [
      'a fragment that spreads itself',
      '{ ...F } fragment F on Query { person { id } ...F }',
      'Cannot spread fragment "F" within itself.',
    ],
    [
      'fragments that spread each other',
      '{ ...F } fragment F on Query { person { ...G } } fragment G on Person { person { ...G } }',
      'Cannot spread fragment "G" within itself.',
    ],
    ['a fragment that is missing', '{ ...F }', 'Unknown fragment "F".'],
  ])('is told that it has %s, whatever is counted before', (_what, source, refusal) => {
    expect(refusalOf(source)).toBe(refusal);
  });

  it.each([
    ['its field', 'subscription ($on: Boolean!) { ticked @include(if: $on) }', 'include'],
    ['a fragment', 'subscription ($on: Boolean!) { ... @skip(if: $on) { ticked } }', 'skip'],
    [
      'a field of a fragment',
      'subscription ($on: Boolean!) { ...F } fragment F on Subscription { ticked @skip(if: $on) }',
      'skip',
    ],
  ])('is told that a variable decides whether a subscription has events: of %s', (_where, source, directive) => {
    expect(refusalOf(source)).toBe(
      `Whether a subscription has its events cannot depend on a variable: take @${directive} from its root.`,
    );
  });

  it.each([
    'subscription ($on: Boolean!) { personMoved { id @include(if: $on) } }',
    'subscription { ticked @include(if: true) }',
    'query ($on: Boolean!) { text @include(if: $on) }',
    'subscription { ...F } fragment F on Subscription { ...F ticked }',
  ])('is not refused for conditions that are allowed: %s', (source) => {
    expect(refusalOf(source)).not.toEqual(expect.stringContaining('cannot depend on a variable'));
  });

  it('is told of names that would have been right only where its sender may know them', () => {
    expect(refusalOf('{ persn { id } }')).toBe('Cannot query field "persn" on type "Query". Did you mean "person"?');
    expect(refusalOf('{ persn { id } }', DEFAULT_LIMITS, false)).toBe('Cannot query field "persn" on type "Query".');
  });
});

describe('The work of validating a document', () => {
  const TOO_OFTEN = 'The document asks for the same fields at the same place too often.';
  const objects = (count: number) => times(count, () => 'person { id }');

  it.each([
    ['equal objects', `{ person { ${objects(400)} } }`],
    ['equal fields', `{ ${times(4_900, () => 'text')} }`],
    ['equal fields with arguments', `{ ${times(700, () => 'text(of: 1)')} }`],
    [
      'equal objects in equal objects',
      `{ ${times(20, () => `person { ${times(20, () => `person { ${times(9, () => 'id')} }`)} }`)} }`,
    ],
    [
      'fields of many types',
      `{ node { ${times(150, () => '... on Person { person { id } } ... on Group { person { id } }')} } }`,
    ],
    [
      'many fragments',
      `{ ${times(300, (at) => `...F${at}`)} } ${times(300, (at) => `fragment F${at} on Query { person { id } }`)}`,
    ],
    ['a fragment that nothing spreads', `{ text } fragment F on Person { ${objects(400)} }`],
    [
      'fragments that double with every level',
      `{ person { ...F0 } } ${times(20, (at) => `fragment F${at} on Person { person { ...F${at + 1} } group { person { ...F${at + 1} } } }`)} fragment F20 on Person { id }`,
    ],
  ])('is not begun where it would be great, though nothing else is too much: %s', (_what, source) => {
    const generous = { ...DEFAULT_LIMITS, depth: 100 };
    expect(refusalOf(source, generous)).toBe(TOO_OFTEN);
  });

  const TYPES = 'types { fields { type { fields { name type { name kind } } } } }';
  it.each([
    ['at its root', `{ ${times(40, (at) => `a${at}: __schema { ${TYPES} }`)} }`],
    ['in the schema', `{ __schema { ${times(40, (at) => `a${at}: ${TYPES}`)} } }`],
    ['by a fragment', `{ ${times(40, (at) => `a${at}: __schema { ...S }`)} } fragment S on __Schema { ${TYPES} }`],
  ])('is not begun where the schema is asked for again and again: %s', (_where, source) => {
    expect(refusalOf(source)).toBe('The document asks for the schema several times over; once is enough.');
  });

  it('is small for what clients ask: sixty types with ten fields each at one place', () => {
    const types = times(60, (at) => `... on T${at} { ${times(10, (field) => `f${field}`)} }`);
    expect(mergesWithin(50_000, 25, parse(`{ search { ${types} } }`))).toBe(true);
    expect(mergesWithin(2_000, 25, parse(getIntrospectionQuery()))).toBe(true);
  });
});

describe('What is wrong with a document', () => {
  const said = (source: string): readonly unknown[] => {
    try {
      readDocument(source, SCHEMA, { limits: DEFAULT_LIMITS, suggests: true });
      return [];
    } catch (error) {
      return (error as RequestRefused).errors.map(({ message, locations }) => ({ message, locations }));
    }
  };

  it.each([
    '{ nope }',
    '{ text(of: "x") }\n\n  query Named { nope { id } }',
    'query ($of: Int, $unused: ID) {\n  text(of: $of)\n  person { friends(first: true) { id nope } }\n}',
    '{ person { ...F } } fragment F on Person { id ...G } fragment G on Group { id }',
    '{ person { id: friends { id } id } node { ... on Person { group } } }',
    '{ ...Missing person @skip { id } text(of: 1, of: 2) }',
    '{ nope(name: "defer") }',
    'query Twice { text } query Twice { text }',
  ])('is told with every place that graphql-js gives it: %s', (source) => {
    const expected = validate(SCHEMA, parse(source)).map(({ message, locations }) => ({ message, locations }));
    expect(expected.every(({ locations }) => locations && locations.length > 0)).toBe(true);
    expect(said(source)).toEqual(expected);
  });

  it('is told with its place where it is no GraphQL at all, and where a condition decides on events', () => {
    expect(said('{ text(')).toMatchObject([{ locations: [{ line: 1, column: 8 }] }]);
    expect(said('subscription ($on: Boolean!) {\n  ticked @include(if: $on)\n}')).toMatchObject([
      { locations: [{ line: 2, column: 10 }] },
    ]);
  });
});
