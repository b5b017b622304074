import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, parse, validate } from 'graphql';
import { anyDocument, anyRightOperation, anySpoiledOperation, ASKED_SCHEMA } from '../test-support/any-document.js';
import { isPlainlyValid } from './plainly-valid.js';

const isPlain = (source: string, schema = ASKED_SCHEMA): boolean =>
  isPlainlyValid(schema, parse(source, { noLocation: true }));

const errorsIn = (source: string, schema = ASKED_SCHEMA): readonly string[] =>
  validate(schema, parse(source)).map(({ message }) => message);

/** What tests/bench asks. */
const SHOP = buildSchema(`
  type Query { users(seed: Int! = 0): [User] topProducts(seed: Int! = 0, first: Int! = 5): [Product] }
  type User { id: ID! name: String username: String birthday: String }
  type Product { upc: String! name: String price: Int reviews: [Review] }
  type Review { id: ID! body: String }
`);

describe('A document that is plainly valid', () => {
  it('has no error by any rule of graphql-js', () => {
    let plain = 0;
    let others = 0;
    const anySource = fc.oneof({ weight: 1, arbitrary: anyDocument }, { weight: 12, arbitrary: anySpoiledOperation });
    fc.assert(
      fc.property(anySource, (source) => {
        if (isPlain(source)) {
          plain++;
          expect(errorsIn(source)).toEqual([]);
        } else others++;
      }),
      { numRuns: 6_000 },
    );
    expect(plain).toBeGreaterThan(1_000);
    expect(others).toBeGreaterThan(2_000);
  });

  it('is what clients usually send: literals of every kind, variables, conditions, inline fragments', () => {
    fc.assert(fc.property(anyRightOperation, (source) => expect(isPlain(source)).toBe(true)));
  });

  it.each([
    'query Single($seed: Int!) { users(seed: $seed) { id name username birthday } }',
    'query Join($seed: Int!) { topProducts(seed: $seed) { upc name price reviews { id body } } }',
    'query Novel7($seed: Int!) { topProducts(seed: $seed) { upc name7: name price reviews { id body7: body } } }',
  ])('is what is measured: %s', (source) => {
    expect(isPlain(source, SHOP)).toBe(true);
  });
});

describe('Left to the rules of graphql-js is a valid document with', () => {
  it.each([
    ['several operations', 'query A { text(of: 1) } query B { text(of: 2) }'],
    ['a named fragment', '{ person { ...F } } fragment F on Person { id }'],
    ['a subscription', 'subscription { ticked }'],
    ['introspection', '{ __type(name: "Any") { name } }'],
    ['a directive on its operation', 'query @within(ms: 1) { text(of: 1) }'],
    ['a directive on a variable', 'query ($n: Int! @within(ms: 1)) { text(of: $n) }'],
    ['a directive that is repeated', '{ text(of: 1) @often(times: 1) @often(times: 2) }'],
    ['a variable with a default value', 'query ($n: Int! = 1) { text(of: $n) }'],
    [
      'a variable that may be null, for an argument with a default value',
      'query ($n: Int) { find(limit: $n) { __typename } }',
    ],
    ['one response name twice', '{ person { id } person { id } }'],
    ['one response name for what excludes each other', '{ any { ... on Person { id } ... on Group { id } } }'],
    ['an input object that is one of several', '{ find(by: { either: { id: 1 } }) { __typename } }'],
    ['a list for a scalar that takes one', '{ find(by: { odd: [1, 2] }) { __typename } }'],
  ])('%s', (_, source) => {
    expect(errorsIn(source)).toEqual([]);
    expect(isPlain(source)).toBe(false);
  });
});
