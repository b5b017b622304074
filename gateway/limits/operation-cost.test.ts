import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, Kind, parse, visit, type DocumentNode, type SelectionSetNode } from 'graphql';
import { anyOperation } from '../test-support/any-operation.js';
import { anySchema } from '../test-support/any-schema.js';
import { PRICED_SDL } from '../test-support/priced-schema.js';
import { operationCosts, type OperationCost } from './operation-cost.js';
import { readCosts } from './read-costs.js';

const schemaOf = (sdl: string) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });
const costs = operationCosts(schemaOf(PRICED_SDL), readCosts(PRICED_SDL));
const cost = (source: string, variables: Readonly<Record<string, unknown>> = {}): OperationCost =>
  costs(parse(source), null, variables);

describe('The cost of an operation', () => {
  it.each([
    ['an object is 1, what it holds is 0', '{ book { id title } }', 1],
    ['objects add up, each with its own weight', '{ book { title author { name } } }', 1 + 5],
    ['the weight of a field is in place of that of its type', '{ book { cover { url } } }', 1 + 20],
    ['an enum and a scalar cost what their types say', '{ book { rank tag } }', 1 + 3 + 2],
    ['a mutation costs 10 more', 'mutation { rate(stars: 3) { title } }', 10 + 1],
    ['a list is as long as its slicing argument says', '{ books(limit: 3) { author { name } } }', 3 * (1 + 5)],
    ['the default of an argument counts where it is not given', '{ books { title } }', 4],
    ['nobody is given less than nothing', '{ books(limit: -3) { title } }', 0],
    ['an assumed size counts where nothing slices', '{ newest { title } }', 5],
    ['lists in lists multiply', '{ newest { author { books { title } } } }', 5 * (1 + 5 + 7)],
    ['a size may be for the fields below', '{ window(amount: 6) { left { id } right { name } } }', 1 + 6 + 6 * 5],
    ['... and be assumed there', '{ window { left { id } } }', 1 + 2],
    ['... also through a fragment', '{ window(amount: 3) { ...W } } fragment W on Window { left { id } }', 1 + 3],
    ['a connection is as long as first', '{ page(first: 6) { nodes { title } total } }', 1 + 6],
    ['... edges and nodes alike', '{ page(first: 6) { edges { node { id } cursor } nodes { id } } }', 1 + 6 * 2 + 6],
    ['... and its page is one object', '{ page(last: 50) { pageInfo { hasNextPage } } }', 1 + 1],
    ['an argument costs what it says', '{ search(text: "x") { ... on Book { id } } }', 3 + 10 * 5],
    [
      'an input object is 1, and so are those in it',
      '{ search(filter: { author: { name: "a" } }) { __typename } }',
      2 + 50,
    ],
    ['input fields cost what they say', '{ search(filter: { rank: HIGH }) { __typename } }', 1 + 4 + 50],
    [
      'each item of a list counts',
      '{ search(filters: [{}, { text: "a" }], tags: ["a", "b", "c"]) { __typename } }',
      2 + 6 + 50,
    ],
    [
      'of several types the most expensive counts',
      '{ node { id ... on Book { cover { url } } ... on Author { name } } }',
      1 + 20,
    ],
    ['... whichever interface leads there', '{ node { ... on Node { ... on Author { books { id } } } } }', 5 + 7],
    ['introspection and __typename cost nothing', '{ __typename __schema { types { name } } book { __typename } }', 1],
    ['what is skipped costs nothing', '{ book @skip(if: true) { id } newest @include(if: false) { id } }', 0],
    ['aliases are fields of their own', '{ a: book { id } b: book { id } }', 2],
    ['a fragment beside itself counts once', '{ ...B ...B } fragment B on Query { book { id } }', 1],
    [
      'a subselection of a fragment counts with each place',
      '{ a: book { ...B } b: book { ...B } } fragment B on Book { author { id } }',
      12,
    ],
  ])('counts as the specification says: %s', (_rule, source, expected) => {
    expect(cost(source).total).toBe(expected);
  });

  it('takes lengths, inputs and conditions from variables, and their defaults where none are given', () => {
    const source =
      'query ($n: Int = 2, $f: Filter, $with: Boolean!) { books(limit: $n) { id } search(filter: $f) @include(if: $with) { __typename } }';
    expect(cost(source, { with: false }).total).toBe(2);
    expect(cost(source, { n: 30, with: false }).total).toBe(30);
    expect(cost(source, { n: 30, with: true, f: { author: {}, rank: 'LOW' } }).total).toBe(30 + 50 + 1 + 1 + 4);
    expect(cost(source, { n: null, with: false }).total).toBe(10); // null slices nothing
    expect(cost('query ($constructor: Int = 30) { books(limit: $constructor) { id } }').total).toBe(30);
  });

  it('says what each selection at the root costs, and which lists it had to assume a length for', () => {
    expect(
      cost(
        '{ all { id } b: books(limit: 2) { related { id } } page { nodes { id } } grid { id } ...R } fragment R on Query { book { id } }',
      ),
    ).toEqual({
      total: 10 + 2 * 4 + 11 + 100 + 1,
      parts: [
        { name: 'all', cost: 10 },
        { name: 'b', cost: 8 },
        { name: 'page', cost: 11 },
        { name: 'grid', cost: 100 },
        { name: '...R', cost: 1 },
      ],
      assumed: ['Query.all', 'Query.grid', 'Query.page'],
    });
  });

  it('is that of the operation that is named', () => {
    const document = parse('query A { book { id } } query B { newest { id } }');
    expect([costs(document, 'A', {}).total, costs(document, 'B', {}).total]).toEqual([1, 5]);
  });

  it('reads weights under the names that the link gives them, and takes none below zero', () => {
    const sdl = PRICED_SDL.replaceAll('@size(', '@cost__listSize(')
      .replace(', import: ["@cost", { name: "@listSize", as: "@size" }]', '')
      .replace('@cost(weight: 20)', '@cost(weight: -20)');
    const renamed = operationCosts(schemaOf(sdl), readCosts(sdl));
    expect(renamed(parse('{ newest { cover { url } } }'), null, {}).total).toBe(5);
    expect(
      readCosts('directive @cost(weight: Int!) on OBJECT type Query @cost(weight: 4) { a: Int }').weights.size,
    ).toBe(0);
  });

  it('is found at once, and finite, where fragments double with every level', () => {
    const levels = Array.from(
      { length: 200 },
      (_, level) => `fragment F${level} on Book { a: related { ...F${level + 1} } b: related { ...F${level + 1} } }`,
    );
    expect(cost(`{ book { ...F0 } } ${levels.join(' ')} fragment F200 on Book { id }`).total).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });

  it('never falls when something more is asked for', () => {
    const schemaAndOperation = anySchema.chain((sdl) =>
      fc.tuple(fc.constant(sdl), anyOperation(schemaOf(sdl)), fc.nat({ max: 1_000 })),
    );
    fc.assert(
      fc.property(schemaAndOperation, ([sdl, source, at]) => {
        const costOf = operationCosts(schemaOf(sdl), readCosts(sdl));
        const more = parse(source);
        expect(costOf(withoutOne(more, at), null, {}).total).toBeLessThanOrEqual(costOf(more, null, {}).total);
      }),
      { numRuns: 100 },
    );
  });
});

/** The document without one of its selections. */
function withoutOne(document: DocumentNode, at: number): DocumentNode {
  let count = 0;
  visit(document, { SelectionSet: ({ selections }) => void (count += selections.length) });
  let left = at % count;
  return visit(document, {
    SelectionSet(set: SelectionSetNode): SelectionSetNode {
      const selections = set.selections.filter(() => left-- !== 0);
      return { kind: Kind.SELECTION_SET, selections };
    },
  });
}
