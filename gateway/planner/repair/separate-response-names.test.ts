import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse, print, validate } from 'graphql';
import type { InternalFields } from './internal-fields.js';
import { separateResponseNames } from './separate-response-names.js';

const SCHEMA = buildSchema(`
  type Query { feed: [Post!]!  comments(limit: Int): [Comment!]!  node: Node }
  interface Node { id: ID! }
  type Post implements Node { id: ID!  title: String  comments(limit: Int): [Comment!]!  price(currency: String): Int }
  type Comment { id: ID!  text: String  post: Post! }
`);
const INTERNAL: InternalFields = new Map([
  ['Post', new Map([['id', false], ['comments', true], ['price', false]])], // prettier-ignore
  ['Node', new Map([['id', false]])],
]);

function separated(source: string) {
  const document = parse(source, { noLocation: true });
  expect(validate(SCHEMA, document)).toEqual([]);
  const result = separateResponseNames(document, SCHEMA, INTERNAL);
  expect(validate(SCHEMA, result.document)).toEqual([]);
  return { ...result, isSame: result.document === document, text: print(result.document).replaceAll(/\s+/g, ' ') };
}

describe('A response name of the client', () => {
  it.each([
    ['the planner adds nothing of that name', '{ feed { title headline: title } }'],
    ['it is the very field the planner may add', '{ feed { id price } node { id } }'],
    ['the planner adds a field of that name, but to another type', '{ comments(limit: 1) { id: text comments: id } }'],
    ['it is a meta-field', '{ __typename __schema { types { name } } feed { __typename type: __typename } }'],
  ])('is kept, and so is the document, where %s', (_when, source) => {
    const { isSame, renamed } = separated(source);
    expect(isSame).toBe(true);
    expect(renamed.size).toBe(0);
  });

  it.each([
    [
      'other arguments',
      '{ feed { comments(limit: 1) { id } } }',
      '{ feed { comments__1: comments(limit: 1) { id } } }',
    ],
    [
      'no arguments, where the planner has some',
      '{ feed { comments { id } } }',
      '{ feed { comments__1: comments { id } } }',
    ],
    [
      'arguments, where the planner has none',
      '{ feed { price(currency: "EUR") } }',
      '{ feed { price__1: price(currency: "EUR") } }',
    ],
    ['another field', '{ feed { id: title } }', '{ feed { id__1: title } }'],
    ['another field, on an interface', '{ node { id: __typename } }', '{ node { id__1: __typename } }'],
    [
      'another field, in a fragment',
      '{ feed { ...p } } fragment p on Post { id: title }',
      '{ feed { ...p } } fragment p on Post { id__1: title }',
    ],
  ])('is replaced where the planner adds a field of that name and the client means %s', (_what, source, text) => {
    expect(separated(source).text).toBe(text);
  });

  it.each([
    ['constructor', 'constructor__1'],
    ['hasOwnProperty', 'hasOwnProperty__1'],
    ['__proto__', 'proto____1'],
    ['__typename', 'typename__1'],
    ['__', 'field__1'],
  ])('is replaced where %s could be taken for something else', (name, replacement) => {
    const { text, renamed } = separated(`{ feed { ${name}: title } }`);
    expect(text).toBe(`{ feed { ${replacement}: title } }`);
    expect([...renamed]).toEqual([[name, replacement]]);
  });

  it('that is replaced leaves merged fields merged, and others apart', () => {
    const { text } = separated(`
      query ($limit: Int) { feed { ...one ...two first: comments(limit: 1) { id } } }
      fragment one on Post { comments(limit: $limit) { id } }
      fragment two on Post { comments(limit: $limit) { text } }`);
    expect(text).toBe(
      'query ($limit: Int) { feed { ...one ...two first: comments(limit: 1) { id } } } ' +
        'fragment one on Post { comments__1: comments(limit: $limit) { id } } ' +
        'fragment two on Post { comments__1: comments(limit: $limit) { text } }',
    );
  });

  it('that is replaced is replaced everywhere, so that what merges across types still does', () => {
    expect(separated('{ node { id ... on Post { x: id id } } feed { id: title } }').text).toBe(
      '{ node { id__1: id ... on Post { x: id id__1: id } } feed { id__1: title } }',
    );
  });

  it('is replaced by one that neither the client nor the planner uses', () => {
    const internal: InternalFields = new Map([['Post', new Map([['id', false], ['id__2', false]])]]); // prettier-ignore
    const { renamed } = separateResponseNames(parse('{ feed { id: title id__1: title } }'), SCHEMA, internal);
    expect([...renamed]).toEqual([['id', 'id__3']]);
  });
});
