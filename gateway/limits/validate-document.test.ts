import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, GraphQLError, parse, validate } from 'graphql';
import { validateDocument } from './validate-document.js';

const SCHEMA = buildSchema(`
  directive @often(times: Int) repeatable on FIELD
  type Query { text(of: Int!, by: Name): String person: Person node: Node any: Any }
  type Mutation { write(text: String!): String }
  type Subscription { ticked: Int written: String }
  interface Node { id: ID! person: Person }
  type Person implements Node { id: ID! person: Person friends(first: Int = 10): [Person!] }
  type Group implements Node { id: ID! person: Person members: [Person] }
  union Any = Person | Group
  input Name { first: String! last: String }
`);

/** Right and wrong in every way that a rule is about, alone and together. */
const SELECTIONS = [
  '__typename',
  'text(of: 1)',
  'text',
  'text(of: "one", by: { last: 1, last: 2, middle: "" })',
  'text(of: $n, by: $name, to: 3)',
  'text(of: 1, of: 2) { id }',
  'person',
  'person { id }',
  'person { id: friends(first: $n) { id } }',
  'p: person { ...F ...Nowhere ... on Group { id } }',
  'p: node { ... on Person { friends { id } } ... on Group { friends: members { id } } ...F }',
  'any { ... on Node { id } ... on Any { __typename } id }',
  'nope @skip(if: $yes) @include(if: $yes) @often @often(times: 2)',
  'person @include @skip(if: true) @skip(if: false) @nowhere { id }',
  '... on Nope { id }',
  '...F',
  '...G',
  'ticked written',
  'write(text: null)',
];
const OPERATIONS = ['query Q', 'query', 'mutation M', 'subscription S', ''];
const VARIABLES = [
  '',
  '($n: Int)',
  '($n: Int!, $n: Nope, $name: Name)',
  '($n: Person, $unused: Int = "one", $yes: Boolean!)',
];
const FRAGMENTS = [
  'fragment F on Person { id ...G }',
  'fragment F on Node { id person { id } }',
  'fragment G on Person { person { ...F } }',
  'fragment G on String { id }',
  'fragment Unused on Person { friends(first: $n, of: 1) { nope } }',
  'type More { id: ID }',
];
const anySelection = fc
  .array(fc.constantFrom(...SELECTIONS), { minLength: 1, maxLength: 5 })
  .map((all) => all.join(' '));
const anyOperation = fc
  .tuple(fc.constantFrom(...OPERATIONS), fc.constantFrom(...VARIABLES), anySelection)
  .map(([head, variables, selection]) => `${head === '' ? '' : head + variables} { ${selection} }`);
const anyDocument = fc
  .tuple(fc.array(anyOperation, { minLength: 1, maxLength: 2 }), fc.subarray(FRAGMENTS))
  .map((parts) => parts.flat().join('\n'));

/** Of a condition on what a subscription has for its event graphql-js throws. */
function errorsOf(judge: () => readonly GraphQLError[]): readonly GraphQLError[] {
  try {
    return judge();
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

describe('A document is validated', () => {
  it('with the errors of graphql-js, in its order', () => {
    const told = new Set<string>();
    fc.assert(
      fc.property(anyDocument, fc.constantFrom(2, 100), fc.boolean(), (source, maxErrors, hideSuggestions) => {
        const document = parse(source);
        const options = { maxErrors, hideSuggestions };
        const expected = errorsOf(() => validate(SCHEMA, document, undefined, options));
        expect(errorsOf(() => validateDocument(SCHEMA, document, options))).toEqual(expected);
        for (const { message } of expected) told.add(message.replaceAll(/".*?"/g, '…'));
      }),
      { numRuns: 500 },
    );
    expect(told.size).toBeGreaterThan(30);
  });
});
