import fc from 'fast-check';
import { buildSchema, GraphQLError, isScalarType, Kind } from 'graphql';
import { anyNumbers, Choices } from './choices.js';
import { partsOf, spoil } from './spoil.js';

/** The schema that the documents below are about. */
export const ASKED_SCHEMA = buildSchema(`
  directive @often(times: Int) repeatable on FIELD
  directive @labelled(as: String!) on FIELD | INLINE_FRAGMENT
  directive @within(ms: Int) on QUERY | VARIABLE_DEFINITION | INLINE_FRAGMENT
  type Query {
    text(of: Int!, by: Name): String
    person: Person
    node: Node
    any: Any
    find(by: Filter = {}, limit: Int! = 9): [Any!]!
  }
  type Mutation { write(text: String!): String }
  type Subscription { ticked: Int written: String write(text: String!): String }
  interface Node { id: ID! person: Person }
  type Person implements Node { id: ID! person: Person friends(first: Int = 10): [Person!] }
  type Group implements Node { id: ID! person: Person members: [Person] }
  union Any = Person | Group
  input Name { first: String! last: String }
  input Filter {
    size: Float
    ids: [ID!]
    grid: [[Int!]]
    color: Color
    yes: Boolean
    odd: Odd
    name: Name = { first: "" }
    either: Either
    and: [Filter]
  }
  input Either @oneOf { id: ID number: Int }
  enum Color { RED GREEN }
  scalar Odd
`);

const odd = ASKED_SCHEMA.getType('Odd');
if (isScalarType(odd))
  odd.parseLiteral = (node) => {
    if (node.kind === Kind.STRING) throw new GraphQLError('A text is not odd.');
    return node.kind === Kind.INT && Number(node.value) % 2 === 0 ? undefined : node;
  };

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
export const anyDocument = fc
  .tuple(fc.array(anyOperation, { minLength: 1, maxLength: 2 }), fc.subarray(FRAGMENTS))
  .map((parts) => parts.flat().join('\n'));

/** All valid, and no two with one response name. */
const RIGHT_QUERIES = [
  '__typename',
  'text(of: 1)',
  't1: text(by: { first: "", last: null }, of: -2147483648)',
  't2: text(of: $int, by: $name)',
  't3: text(of: $int, by: { first: $text }) @often(times: $maybe)',
  'person { id friends { id } }',
  'p1: person @skip(if: $yes) @include(if: true) { friends(first: $int) { __typename } }',
  'p2: person @labelled(as: "one") { ... { id } ... @include(if: $yes) { person { id } } }',
  'p3: person { ... on Person { friends { person { id } } } }',
  'node { id person { id } ... on Person { friends(first: $maybe) { id } } ... on Group @within(ms: 1) { members { id } } }',
  'any { __typename ... on Node @labelled(as: $text) { id person { id } } ... on Group { members { id } } }',
  'find { __typename }',
  'f1: find(by: { size: 1.5, ids: ["a", 1], grid: [[1], null, [2, 3]], color: RED, yes: true, odd: 1 }) { __typename }',
  'f2: find(by: { size: 1, ids: 7, grid: 4, odd: thing, and: { name: { first: "a" }, and: [{}, null] } }) { __typename }',
  'f3: find(limit: $int, by: { ids: $ids, grid: [$row, [$int]], color: $color, yes: $yes }) { ... on Person { id } }',
  'f4: find(by: { odd: 1.5, color: null }, limit: 0) { ... on Any { ... on Node { id } } }',
];
const RIGHT_MUTATIONS = ['write(text: $text)', 'w1: write(text: "")', '__typename', '... { w2: write(text: """a""") }'];
/** By one thing. */
const WRONG_QUERIES = [
  'text',
  'text(of: 1, of: 1)',
  'text(of: 1, to: 1)',
  'text(of: null)',
  'text(of: 2147483648)',
  'text(of: $maybe)',
  'text(of: $nowhere)',
  'text(of: 1, by: {})',
  'text(of: 1, by: "")',
  'text(of: 1) { id }',
  'text(of: 1) @nowhere',
  'text(of: 1) @within',
  'text(of: 1) @labelled',
  'text(of: 1) @skip(if: true) @skip(if: false)',
  'text(of: 1) ... { text(of: 2) }',
  'text(of: 1) text: person { id }',
  'node',
  'node { friends { id } }',
  'node { constructor }',
  'node { ...F }',
  'node { ... on Query { __typename } }',
  'node { ... on Nowhere { id } }',
  'node { ... on Color { id } }',
  'node { ... @labelled(as: 1) { id } }',
  'person { ... on Node { friends { id } } }',
  'any { id }',
  'find(by: { odd: 2 }) { __typename }',
  'find(by: { odd: "1" }) { __typename }',
  'find(by: { odd: [$nowhere] }) { __typename }',
  'find(by: { odd: { a: $nowhere } }) { __typename }',
  'find(by: { either: {} }) { __typename }',
  'find(by: { either: { id: 1, number: 1 } }) { __typename }',
  'find(by: { either: { id: $name } }) { __typename }',
  'find(by: { color: BLUE }) { __typename }',
  'find(by: { color: RED, color: GREEN }) { __typename }',
  'find(by: { ids: { a: 1 } }) { __typename }',
  'find(by: { ids: [null] }) { __typename }',
  'find(by: { ids: [[1]] }) { __typename }',
  'find(by: { grid: $ids }) { __typename }',
  '__schema { types { fields { type { fields { type { fields { name } } } } } } }',
];
const TYPES: Readonly<Record<string, string>> = {
  int: 'Int!',
  maybe: 'Int',
  text: 'String!',
  yes: 'Boolean!',
  name: 'Name',
  ids: '[ID!]!',
  row: '[Int!]',
  color: 'Color',
};

function operationOf(kind: string, selections: readonly string[]): string {
  const text = selections.join(' ');
  const used = Object.entries(TYPES).filter(([name]) => new RegExp(`\\$${name}\\b`).test(text));
  const variables = used.map(([name, type]) => `$${name}: ${type}`).join(', ');
  return `${kind} ${variables && `(${variables})`} { ${text} }`;
}

function anyOf(kind: string, all: readonly string[], maxLength: number): fc.Arbitrary<string> {
  return fc.subarray([...all], { minLength: 1, maxLength }).map((selections) => operationOf(kind, selections));
}

/** Plainly valid: one query or mutation, without named fragments. */
export const anyRightOperation = fc.oneof(
  { weight: 4, arbitrary: anyOf('query', RIGHT_QUERIES, 3) },
  { weight: 1, arbitrary: anyOf('mutation', RIGHT_MUTATIONS, 3) },
);

const PARTS = partsOf([
  ...OPERATIONS.flatMap((head) => VARIABLES.map((given) => `${head} ${head && given} { ${SELECTIONS.join(' ')} }`)),
  ...FRAGMENTS,
  operationOf('query', [...RIGHT_QUERIES, ...WRONG_QUERIES]),
  operationOf('mutation', RIGHT_MUTATIONS),
  'query ($int: Int! = "a", $yes: Boolean = 1 @nowhere, $ids: [[ID]!] @within, $text: Color) @within(ms: 1) @nowhere { id }',
]);

/** With up to three small slips anywhere: it may still be right. */
export const anySpoiledOperation = fc
  .tuple(
    fc.oneof(
      { weight: 12, arbitrary: anyRightOperation },
      { weight: 3, arbitrary: anyOf('query', WRONG_QUERIES, 1) },
      { weight: 1, arbitrary: anyOf('subscription', RIGHT_MUTATIONS, 2) },
    ),
    fc.nat({ max: 3 }),
    anyNumbers(24),
  )
  .map(([operation, slips, numbers]) => spoil(operation, PARTS, slips, new Choices(numbers)));
