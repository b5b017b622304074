import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import type { JudgedChange } from './check-report.js';
import { judgeChanges } from './judge-changes.js';
import type { KnownOperation } from './known-operation.js';
import { definitionPlaces } from './definition-places.js';
import { indexOperations, validity } from './operation-index.js';

const BASE = `
directive @trace(level: Int = 1, label: String) repeatable on FIELD | QUERY
directive @owned(by: String) on FIELD_DEFINITION
type Query {
  user(id: ID!, order: Order = NEWEST, filter: Filter): User
  users(first: Int): [User!]!
  node(id: ID!): Node
  search(text: String = "x"): [Result!]!
  other: Other
  score(mode: Mode, plain: [Int!]): Int
}
type Mutation {
  save(input: SaveInput!): User
}
type Subscription {
  changed: User
}
interface Node {
  id: ID!
  name: String
  notes(first: Int = 3): String
}
interface Titled {
  title: String
}
type User implements Node {
  id: ID!
  name: String
  notes(first: Int = 3): String
  age: Int!
  role: Role
  posts(first: Int = 10, after: String): [Post!]
  friend: User
  item: Node
}
type Post implements Node & Titled {
  id: ID!
  name: String
  notes(first: Int = 3): String
  title: String
  author: User!
}
type Other {
  text: String
  when: Date
}
union Result = User | Post
enum Role {
  ADMIN
  MEMBER
}
enum Order {
  NEWEST
  OLDEST
}
enum Mode {
  FAST
  SLOW
}
scalar Date
input Filter {
  text: String
  role: Role
  tags: [String!]
  limit: Int = 5
  depth: Int! = 1
  when: Date
}
input SaveInput {
  name: String!
  filter: Filter
  order: Order
}`;

/** An operation, and what came in its variables. */
type Sent = string | { readonly document: string; readonly inputs: readonly string[] };

const known = (sent: Sent, at = 0): KnownOperation => ({
  name: `Operation${at}`,
  document: typeof sent === 'string' ? sent : sent.document,
  inputs: typeof sent === 'string' ? [] : sent.inputs,
  count: 1,
  lastSeen: new Date('2026-11-20T10:00:00Z'),
  clients: [],
  signature: `${at}`,
  place: null,
});

async function judge(candidateSdl: string, operations: readonly KnownOperation[], baseSdl = BASE) {
  const schemas = { base: buildSchema(baseSdl), candidate: buildSchema(candidateSdl) };
  const none = definitionPlaces([]);
  return judgeChanges(
    schemas,
    await indexOperations(operations, schemas.base, () => undefined),
    { onBase: validity(schemas.base), onCandidate: validity(schemas.candidate) },
    { base: none, candidate: none },
  );
}

interface Case {
  /** What is done to `BASE`: texts and what stands in their place. Each text is there once. */
  readonly edits: readonly (readonly [string, string])[];
  readonly code: string;
  readonly coordinate: string | null;
  readonly used: readonly Sent[];
  readonly unused: readonly Sent[];
}

const edit = (text: string, edits: Case['edits']): string =>
  edits.reduce((edited, [from, to]) => {
    if (edited.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} is not there once.`);
    return edited.replace(from, to);
  }, text);

const save = (inputs: readonly string[]): Sent => ({
  document: 'mutation Save($input: SaveInput!) { save(input: $input) { id } }',
  inputs: ['SaveInput.name', ...inputs],
});
const filtered = (inputs: readonly string[]): Sent => ({
  document: 'query Filtered($filter: Filter) { user(id: "", filter: $filter) { id } }',
  inputs,
});
const literal = (filter: string): Sent => `{ user(id: "", filter: ${filter}) { id } }`;

const BREAKING: Readonly<Record<string, Case>> = {
  'a field of an object is removed': {
    edits: [['  age: Int!\n', '']],
    code: 'FIELD_REMOVED',
    coordinate: 'User.age',
    used: ['{ users { age } }', '{ search { ... on User { age } } }', 'subscription { changed { friend { age } } }'],
    unused: ['{ users { id } }', '{ search { __typename } }'],
  },
  'a root field is removed': {
    edits: [['  other: Other\n', '  another: Other\n']],
    code: 'FIELD_REMOVED',
    coordinate: 'Query.other',
    used: ['{ other { text } }', '{ ...F } fragment F on Query { o: other { text } }'],
    unused: ['{ users { id } }'],
  },
  'a field of an interface is removed': {
    edits: [
      ['interface Titled {\n  title: String', 'interface Titled {\n  subtitle: String'],
      ['implements Node & Titled', 'implements Node'],
    ],
    code: 'FIELD_REMOVED',
    coordinate: 'Titled.title',
    used: ['{ search { ... on Titled { title } } }'],
    unused: ['{ search { ... on Post { title } } }'],
  },
  'a field answers with another scalar': {
    edits: [['  age: Int!\n', '  age: String!\n']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'User.age',
    used: ['{ users { years: age } }'],
    unused: ['{ users { name } }'],
  },
  'a field may be null': {
    edits: [['  age: Int!\n', '  age: Int\n']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'User.age',
    used: ['{ users { age } }'],
    unused: ['{ users { name } }'],
  },
  'the items of a list may be null': {
    edits: [['users(first: Int): [User!]!', 'users(first: Int): [User]!']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'Query.users',
    used: ['{ users { id } }'],
    unused: ['{ user(id: "") { id } }'],
  },
  'a field becomes a list': {
    edits: [['  friend: User\n', '  friend: [User]\n']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'User.friend',
    used: ['{ users { friend { id } } }'],
    unused: ['{ users { id } }'],
  },
  'a field answers with a wider type': {
    edits: [['  author: User!', '  author: Node!']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'Post.author',
    used: ['{ search { ... on Post { author { id } } } }'],
    unused: ['{ search { ... on Post { id } } }'],
  },
  'a field answers with an enum in place of text': {
    edits: [['  text: String\n  when: Date\n}', '  text: Role\n  when: Date\n}']],
    code: 'FIELD_TYPE_CHANGED',
    coordinate: 'Other.text',
    used: ['{ other { text } }'],
    unused: ['{ other { when } }'],
  },
  'a required argument is added': {
    edits: [['  other: Other\n', '  other(id: ID!): Other\n']],
    code: 'FIELD_ARGUMENT_ADDED',
    coordinate: 'Query.other.id',
    used: ['{ other { text } }'],
    unused: ['{ users { id } }'],
  },
  'an argument is removed': {
    edits: [['users(first: Int)', 'users']],
    code: 'FIELD_ARGUMENT_REMOVED',
    coordinate: 'Query.users.first',
    used: ['{ users(first: 0) { id } }', 'query ($n: Int) { users(first: $n) { id } }'],
    unused: ['{ users { id } }'],
  },
  'an argument takes another type': {
    edits: [['users(first: Int)', 'users(first: String)']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    coordinate: 'Query.users.first',
    used: ['{ users(first: 0) { id } }', '{ users(first: null) { id } }'],
    unused: ['{ users { id } }'],
  },
  'an argument becomes required': {
    edits: [['users(first: Int)', 'users(first: Int!)']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    coordinate: 'Query.users.first',
    used: [
      '{ users { id } }',
      '{ users(first: null) { id } }',
      'query ($n: Int) { users(first: $n) { id } }',
      'query ($n: Int = 5) { users(first: $n) { id } }',
    ],
    unused: ['{ users(first: 0) { id } }', 'query ($n: Int!) { users(first: $n) { id } }'],
  },
  'an argument takes no nulls in its list any more': {
    edits: [['plain: [Int!]', 'plain: [Int!]!']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    coordinate: 'Query.score.plain',
    used: ['{ score }'],
    unused: ['{ score(plain: [0]) }', '{ score(plain: 0) }'],
  },
  'an argument takes one value in place of a list': {
    edits: [['plain: [Int!]', 'plain: Int']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    coordinate: 'Query.score.plain',
    used: ['{ score(plain: [0]) }', 'query ($n: [Int!]!) { score(plain: $n) }'],
    unused: ['{ score }', '{ score(plain: 0) }'],
  },
  'an argument takes null no more': {
    edits: [['users(first: Int)', 'users(first: Int! = 5)']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    coordinate: 'Query.users.first',
    used: ['{ users(first: null) { id } }'],
    unused: ['{ users { id } }'],
  },
  'a field of an input is removed': {
    edits: [['  tags: [String!]\n', '']],
    code: 'INPUT_FIELD_REMOVED',
    coordinate: 'Filter.tags',
    used: [literal('{ tags: [""] }'), filtered(['Filter.tags']), save(['Filter.tags', 'SaveInput.filter'])],
    unused: [literal('{ text: "" }'), filtered(['Filter.text']), save([])],
  },
  'a required field is added to an input': {
    edits: [['input Filter {\n', 'input Filter {\n  scope: String!\n']],
    code: 'INPUT_FIELD_ADDED',
    coordinate: 'Filter.scope',
    used: [literal('{}'), filtered(['Filter.text']), save(['SaveInput.filter'])],
    unused: ['{ user(id: "") { id } }', filtered([]), save([])],
  },
  'a required field is added to an input that is always sent': {
    edits: [['  name: String!\n  filter', '  name: String!\n  key: ID!\n  filter']],
    code: 'INPUT_FIELD_ADDED',
    coordinate: 'SaveInput.key',
    used: [save([]), { ...(save([]) as { document: string }), inputs: [] }],
    unused: [filtered(['Filter.text'])],
  },
  'a field of an input takes another type': {
    edits: [['  text: String\n  role', '  text: Int\n  role']],
    code: 'INPUT_FIELD_TYPE_CHANGED',
    coordinate: 'Filter.text',
    used: [literal('{ text: "" }'), filtered(['Filter.text'])],
    unused: [literal('{ limit: 0 }'), filtered(['Filter.limit'])],
  },
  'a field of an input becomes required': {
    edits: [['  text: String\n  role', '  text: String!\n  role']],
    code: 'INPUT_FIELD_TYPE_CHANGED',
    coordinate: 'Filter.text',
    used: [literal('{ limit: 0 }'), literal('{ text: null }'), filtered(['Filter.text']), filtered(['Filter.limit'])],
    unused: [literal('{ text: "" }'), filtered([])],
  },
  'a field of an input loses the default that made it optional': {
    edits: [['depth: Int! = 1', 'depth: Int!']],
    code: 'INPUT_FIELD_DEFAULT_VALUE_CHANGED',
    coordinate: 'Filter.depth',
    used: [literal('{ limit: 0 }'), filtered(['Filter.limit'])],
    unused: [literal('{ depth: 0 }'), filtered([])],
  },
  'a value of an enum that is sent is removed': {
    edits: [['  OLDEST\n', '']],
    code: 'ENUM_VALUE_REMOVED',
    coordinate: 'Order.OLDEST',
    used: [
      '{ user(id: "", order: OLDEST) { id } }',
      'query ($order: Order = OLDEST) { user(id: "", order: $order) { id } }',
      save(['SaveInput.order', 'Order.OLDEST']),
      { document: 'query ($order: Order) { user(id: "", order: $order) { id } }', inputs: ['Order.OLDEST'] },
    ],
    unused: [
      '{ user(id: "", order: NEWEST) { id } }',
      save(['SaveInput.order', 'Order.NEWEST']),
      { document: 'query ($order: Order) { user(id: "", order: $order) { id } }', inputs: ['Order.NEWEST'] },
    ],
  },
  'a value of an enum that is read is removed': {
    edits: [['  ADMIN\n', '']],
    code: 'ENUM_VALUE_REMOVED',
    coordinate: 'Role.ADMIN',
    used: [literal('{ role: ADMIN }')],
    unused: ['{ users { role } }'], // it is never answered any more, and whoever reads it can
  },
  'a union loses a member': {
    edits: [['union Result = User | Post', 'union Result = User']],
    code: 'UNION_MEMBER_REMOVED',
    coordinate: 'Result',
    used: [
      '{ search { ... on Post { title } } }',
      '{ search { ... on Titled { title } } }',
      '{ search { ... on Node { id } } }',
    ],
    unused: [
      '{ search { __typename } }',
      '{ search { ... on User { id } } }',
      '{ node(id: "") { ... on Post { title } } }',
    ],
  },
  'a type does not implement an interface any more': {
    edits: [['implements Node & Titled', 'implements Node']],
    code: 'OBJECT_TYPE_INTERFACE_REMOVED',
    coordinate: 'Post',
    used: ['{ search { ... on Titled { title } } }', '{ search { ... on Post { ... on Titled { title } } } }'],
    unused: ['{ search { ... on Post { title } } }', '{ node(id: "") { id } }'],
  },
  'a type is removed': {
    edits: [
      ['  other: Other\n', ''],
      ['type Other {\n  text: String\n  when: Date\n}', ''],
    ],
    code: 'TYPE_REMOVED',
    coordinate: 'Other',
    used: ['{ other { text } }', '{ other { __typename } }'],
    unused: ['{ users { id } }'],
  },
  'an input is removed': {
    edits: [
      ['order: Order = NEWEST, filter: Filter', 'order: Order = NEWEST'],
      ['  filter: Filter\n', ''],
      [BASE.slice(BASE.indexOf('input Filter'), BASE.indexOf('input SaveInput')), ''],
    ],
    code: 'TYPE_REMOVED',
    coordinate: 'Filter',
    used: [literal('{ limit: 0 }'), filtered([]), save(['SaveInput.filter', 'Filter.limit'])],
    unused: ['{ user(id: "") { id } }', save([])],
  },
  'an enum is removed': {
    edits: [
      ['score(mode: Mode, plain', 'score(plain'],
      ['enum Mode {\n  FAST\n  SLOW\n}', ''],
    ],
    code: 'TYPE_REMOVED',
    coordinate: 'Mode',
    used: ['{ score(mode: FAST) }', 'query ($m: Mode) { score(mode: $m) }'],
    unused: ['{ score }'],
  },
  'a scalar becomes an enum': {
    edits: [['scalar Date', 'enum Date {\n  TODAY\n}']],
    code: 'TYPE_KIND_CHANGED',
    coordinate: 'Date',
    used: ['{ other { when } }', literal('{ when: "" }'), filtered(['Filter.when'])],
    unused: ['{ other { text } }', literal('{ limit: 0 }'), filtered(['Filter.limit'])],
  },
  'an object becomes an interface': {
    edits: [['type Other {', 'type Real implements Other {\n  text: String\n  when: Date\n}\ninterface Other {']],
    code: 'TYPE_KIND_CHANGED',
    coordinate: 'Other',
    used: ['{ other { text } }'],
    unused: ['{ users { id } }'],
  },
  'there are no mutations any more': {
    edits: [['type Mutation {\n  save(input: SaveInput!): User\n}', '']],
    code: 'SCHEMA_MUTATION_TYPE_CHANGED',
    coordinate: null,
    used: [save([])],
    unused: ['{ users { id } }'],
  },
  'there are no subscriptions any more': {
    edits: [['type Subscription {\n  changed: User\n}', '']],
    code: 'SCHEMA_SUBSCRIPTION_TYPE_CHANGED',
    coordinate: null,
    used: ['subscription { changed { id } }'],
    unused: ['{ users { id } }'],
  },
  'a directive is removed': {
    edits: [['directive @trace(level: Int = 1, label: String) repeatable on FIELD | QUERY', '']],
    code: 'DIRECTIVE_REMOVED',
    coordinate: '@trace',
    used: ['{ users { id @trace } }', 'query @trace { users { id } }'],
    unused: ['{ users { id @include(if: true) } }'],
  },
  'a directive may not stand at a place any more': {
    edits: [['repeatable on FIELD | QUERY', 'repeatable on FIELD']],
    code: 'DIRECTIVE_LOCATION_REMOVED',
    coordinate: '@trace',
    used: ['query @trace { users { id } }'],
    unused: ['{ users { id @trace } }'],
  },
  'a directive may not stand at a field any more': {
    edits: [['repeatable on FIELD | QUERY', 'repeatable on QUERY']],
    code: 'DIRECTIVE_LOCATION_REMOVED',
    coordinate: '@trace',
    used: ['{ users { id @trace } }'],
    unused: ['query @trace { users { id } }'],
  },
  'a directive gets a required argument': {
    edits: [['label: String)', 'label: String, key: ID!)']],
    code: 'DIRECTIVE_ARGUMENT_ADDED',
    coordinate: '@trace',
    used: ['{ users { id @trace } }'],
    unused: ['{ users { id } }'],
  },
  'an argument of a directive is removed': {
    edits: [['level: Int = 1, label: String', 'level: Int = 1']],
    code: 'DIRECTIVE_ARGUMENT_REMOVED',
    coordinate: '@trace.label',
    used: ['{ users { id @trace(label: "") } }'],
    unused: ['{ users { id @trace } }'],
  },
  'an argument of a directive takes another type': {
    edits: [['label: String)', 'label: Int)']],
    code: 'DIRECTIVE_ARGUMENT_TYPE_CHANGED',
    coordinate: '@trace.label',
    used: ['{ users { id @trace(label: "") } }'],
    unused: ['{ users { id @trace(level: 0) } }'],
  },
  'an argument of a directive becomes required': {
    edits: [['label: String)', 'label: String!)']],
    code: 'DIRECTIVE_ARGUMENT_TYPE_CHANGED',
    coordinate: '@trace.label',
    used: ['{ users { id @trace } }', 'query ($l: String = "") { users { id @trace(label: $l) } }'],
    unused: ['{ users { id @trace(label: "") } }'],
  },
  'an input takes exactly one of its fields': {
    edits: [
      [
        'input Filter {\n  text: String\n  role: Role\n  tags: [String!]\n  limit: Int = 5\n  depth: Int! = 1\n',
        'input Filter @oneOf {\n  text: String\n  role: Role\n  tags: [String!]\n  limit: Int\n  depth: Int\n',
      ],
    ],
    code: 'DIRECTIVE_USAGE_INPUT_OBJECT_ADDED',
    coordinate: 'Filter',
    used: [literal('{ text: "", limit: 0 }'), literal('{}'), filtered(['Filter.text', 'Filter.limit'])],
    unused: [literal('{ text: "" }'), filtered([])],
  },
};

const DANGEROUS: Readonly<Record<string, Case>> = {
  'a value is added to an enum': {
    edits: [['  MEMBER\n', '  MEMBER\n  GUEST\n']],
    code: 'ENUM_VALUE_ADDED',
    coordinate: 'Role.GUEST',
    used: ['{ users { role } }', '{ search { ... on User { r: role } } }'],
    unused: [literal('{ role: ADMIN }'), '{ users { id } }'],
  },
  'a member is added to a union': {
    edits: [['union Result = User | Post', 'union Result = User | Post | Other']],
    code: 'UNION_MEMBER_ADDED',
    coordinate: 'Result',
    used: ['{ search { __typename } }'],
    unused: ['{ users { id } }'],
  },
  'a type implements a further interface': {
    edits: [['type User implements Node {', 'type User implements Node & Titled {\n  title: String']],
    code: 'OBJECT_TYPE_INTERFACE_ADDED',
    coordinate: 'User',
    used: ['{ search { ... on Titled { title } } }'],
    unused: ['{ search { ... on User { id } } }'],
  },
  "an argument's default changes": {
    edits: [['posts(first: Int = 10', 'posts(first: Int = 20']],
    code: 'FIELD_ARGUMENT_DEFAULT_CHANGED',
    coordinate: 'User.posts.first',
    used: ['{ users { posts { id } } }', '{ users { a: posts { id } b: posts(first: 0) { id } } }'],
    unused: ['{ users { posts(first: 0) { id } } }', '{ users { id } }'],
  },
  "the default of an object's own field changes": {
    edits: [
      [
        '  name: String\n  notes(first: Int = 3): String\n  title',
        '  name: String\n  notes(first: Int = 4): String\n  title',
      ],
    ],
    code: 'FIELD_ARGUMENT_DEFAULT_CHANGED',
    coordinate: 'Post.notes.first',
    used: ['{ node(id: "") { notes } }', '{ search { ... on Post { notes } } }'],
    unused: ['{ node(id: "") { notes(first: 0) } }', '{ users { notes } }'],
  },
  "an input field's default changes": {
    edits: [['limit: Int = 5', 'limit: Int = 6']],
    code: 'INPUT_FIELD_DEFAULT_VALUE_CHANGED',
    coordinate: 'Filter.limit',
    used: [literal('{ text: "" }'), filtered(['Filter.text']), filtered(['Filter.limit'])],
    unused: [literal('{ limit: 0 }'), '{ user(id: "") { id } }', filtered([])],
  },
  'an input field with a default is added': {
    edits: [['input Filter {\n', 'input Filter {\n  scope: String = "all"\n']],
    code: 'INPUT_FIELD_ADDED',
    coordinate: 'Filter.scope',
    used: [literal('{ text: "" }'), filtered(['Filter.text'])],
    unused: ['{ user(id: "") { id } }'],
  },
  'an argument with a default is added': {
    edits: [['users(first: Int)', 'users(first: Int, deep: Boolean = true)']],
    code: 'FIELD_ARGUMENT_ADDED',
    coordinate: 'Query.users.deep',
    used: ['{ users { id } }'],
    unused: ['{ user(id: "") { id } }'],
  },
  "a directive's default changes": {
    edits: [['level: Int = 1', 'level: Int = 2']],
    code: 'DIRECTIVE_ARGUMENT_DEFAULT_VALUE_CHANGED',
    coordinate: '@trace.level',
    used: ['{ users { id @trace } }'],
    unused: ['{ users { id @trace(level: 0) } }'],
  },
};

/** Everybody in it goes on as before. */
const COMPATIBLE: Readonly<Record<string, Pick<Case, 'edits' | 'code' | 'used'>>> = {
  'a field is never null any more': {
    edits: [['  role: Role\n  posts', '  role: Role!\n  posts']],
    code: 'FIELD_TYPE_CHANGED',
    used: ['{ users { role } }'],
  },
  'a field answers with a type that implements the one before': {
    edits: [['  item: Node\n', '  item: Post\n']],
    code: 'FIELD_TYPE_CHANGED',
    used: ['{ users { item { id } } }', '{ users { item { ... on Post { title } } } }'],
  },
  'an argument becomes optional': {
    edits: [['user(id: ID!', 'user(id: ID']],
    code: 'FIELD_ARGUMENT_TYPE_CHANGED',
    used: ['{ user(id: "") { id } }', 'query ($id: ID!) { user(id: $id) { id } }'],
  },
  'a field is added': {
    edits: [['type Other {\n', 'type Other {\n  more(x: Int!): Int\n']],
    code: 'FIELD_ADDED',
    used: ['{ other { text } }'],
  },
  'a type is added': {
    edits: [['scalar Date', 'scalar Date\nscalar Time']],
    code: 'TYPE_ADDED',
    used: ['{ users { id } }'],
  },
  'a field is deprecated': {
    edits: [['  age: Int!\n', '  age: Int! @deprecated(reason: "old")\n']],
    code: 'FIELD_DEPRECATION_ADDED',
    used: ['{ users { age } }'],
  },
  'a description changes': {
    edits: [['  age: Int!\n', '  "In years."\n  age: Int!\n']],
    code: 'FIELD_DESCRIPTION_ADDED',
    used: ['{ users { age } }'],
  },
  'an optional field is added to an input': {
    edits: [['input Filter {\n', 'input Filter {\n  scope: String\n']],
    code: 'INPUT_FIELD_ADDED',
    used: [literal('{ text: "" }'), filtered(['Filter.text'])],
  },
  'a directive on definitions is removed': {
    edits: [['directive @owned(by: String) on FIELD_DEFINITION', '']],
    code: 'DIRECTIVE_REMOVED',
    used: ['{ users { id } }'],
  },
  'an argument of a directive on definitions is removed': {
    edits: [['@owned(by: String)', '@owned']],
    code: 'DIRECTIVE_ARGUMENT_REMOVED',
    used: ['{ users { id } }'],
  },
  'a directive gets an argument with a default': {
    edits: [['label: String)', 'label: String, key: ID! = "k")']],
    code: 'DIRECTIVE_ARGUMENT_ADDED',
    used: ['{ users { id @trace } }'],
  },
};

const of = (changes: readonly JudgedChange[], { code, coordinate }: Pick<Case, 'code' | 'coordinate'>) => {
  const change = changes.find((one) => one.code === code && one.coordinate === coordinate);
  if (!change) throw new Error(`No ${code} at ${coordinate} among ${JSON.stringify(changes, null, 1)}`);
  return change;
};

const verdict = ({ criticality, severity, affected }: JudgedChange) => ({
  criticality,
  severity,
  operations: affected.operations.map(({ name }) => name).sort(),
});

const names = (operations: readonly KnownOperation[]) => operations.map(({ name }) => name).sort();

describe('A change is judged by use:', () => {
  it.each(Object.entries(BREAKING))('%s', async (_title, { edits, used, unused, ...which }) => {
    const users = used.map((one, at) => known(one, at));
    const others = unused.map((one, at) => known(one, used.length + at));
    const candidate = edit(BASE, edits);

    const both = await judge(candidate, [...users, ...others]);
    expect(verdict(of(both.changes, which))).toEqual({
      criticality: 'breaking',
      severity: 'error',
      operations: names(users),
    });
    expect(both.unexplained).toEqual([]);
    expect(both.brokenBefore).toEqual([]);

    const unaffected = await judge(candidate, others);
    expect(verdict(of(unaffected.changes, which))).toEqual({
      criticality: 'breaking',
      severity: 'warning',
      operations: [],
    });
    expect(unaffected.changes.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(unaffected.unexplained).toEqual([]);

    const unknown = await judge(candidate, []);
    const alone = of(unknown.changes, which);
    expect([alone.criticality, alone.severity]).toEqual(['breaking', 'error']);
  });

  it.each(Object.entries(DANGEROUS))(
    '%s, which somebody may notice',
    async (_title, { edits, used, unused, ...which }) => {
      const users = used.map((one, at) => known(one, at));
      const others = unused.map((one, at) => known(one, used.length + at));
      const candidate = edit(BASE, edits);

      const both = await judge(candidate, [...users, ...others]);
      expect(verdict(of(both.changes, which))).toEqual({
        criticality: 'dangerous',
        severity: 'warning',
        operations: names(users),
      });

      const unnoticed = await judge(candidate, others);
      expect(verdict(of(unnoticed.changes, which))).toEqual({
        criticality: 'dangerous',
        severity: 'hint',
        operations: [],
      });
    },
  );

  it.each(Object.entries(COMPATIBLE))('%s, which breaks nobody', async (_title, { edits, used, code }) => {
    const { changes, unexplained } = await judge(edit(BASE, edits), used.map(known));

    expect(changes.map((change) => [change.code, change.severity])).toEqual([[code, null]]);
    expect(unexplained).toEqual([]);
  });

  it('what is safe by itself is an error where it makes an operation invalid', async () => {
    const both = '{ search { ... on User { name } ... on Post { name } } }';
    const candidate = edit(BASE, [
      [
        '  name: String\n  notes(first: Int = 3): String\n  age',
        '  name: String!\n  notes(first: Int = 3): String\n  age',
      ],
    ]);

    const { changes } = await judge(candidate, [known(both, 0), known('{ users { name } }', 1)]);

    expect(changes.map((change) => [change.code, change.coordinate, verdict(change)])).toEqual([
      ['FIELD_TYPE_CHANGED', 'User.name', { criticality: 'breaking', severity: 'error', operations: ['Operation0'] }],
    ]);
  });
});

describe('An operation', () => {
  it('that is not valid any more is told, even where no change explains it', async () => {
    const schemas = {
      base: buildSchema(BASE),
      candidate: buildSchema(edit(BASE, [['type Other {\n', 'type Other {\n  more: Int\n']])),
    };
    const operation = {
      ...known('query Text { other { text } }'),
      clients: [{ name: 'web', version: '1.0', plan: null, count: 7 }],
    };

    const { changes, unexplained } = await judgeChanges(
      schemas,
      await indexOperations([operation], schemas.base, () => undefined),
      { onBase: () => [], onCandidate: () => ['It does not fit.'] },
      { base: definitionPlaces([]), candidate: definitionPlaces([]) },
    );

    expect(changes.map(({ code, severity }) => [code, severity])).toEqual([['FIELD_ADDED', null]]);
    expect(unexplained).toEqual([
      {
        name: 'Operation0',
        signature: '0',
        place: null,
        count: 1,
        lastSeen: '2026-11-20T10:00:00.000Z',
        clients: [{ name: 'web', version: '1.0', plans: [], count: 7, lastSeen: '2026-11-20T10:00:00.000Z' }],
        reasons: ['It does not fit.'],
      },
    ]);
  });

  it('that was not valid before breaks by no change', async () => {
    const broken = known('{ users { age nosuch } }');
    const { changes, unexplained, brokenBefore } = await judge(edit(BASE, [['  age: Int!\n', '']]), [broken]);

    expect(changes.map(({ code, severity }) => [code, severity])).toEqual([['FIELD_REMOVED', 'warning']]);
    expect({ unexplained, brokenBefore }).toEqual({ unexplained: [], brokenBefore: [broken] });
  });

  it('of a file may send whatever its variables can hold', async () => {
    const operation = { ...known('mutation Save($input: SaveInput!) { save(input: $input) { id } }'), inputs: null };
    const { changes } = await judge(edit(BASE, [['  tags: [String!]\n', '']]), [operation]);

    expect(changes.map(verdict)).toEqual([{ criticality: 'breaking', severity: 'error', operations: ['Operation0'] }]);
  });

  it('of which more came in variables than is kept may send whatever they can hold', async () => {
    const many = Array.from({ length: 200 }, () => 'SaveInput.name');
    const { changes } = await judge(edit(BASE, [['  tags: [String!]\n', '']]), [known(save(many))]);

    expect(changes.map(verdict)).toEqual([{ criticality: 'breaking', severity: 'error', operations: ['Operation0'] }]);
  });
});
