import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { LintSettings } from '@inevitable/gateway';
import type { Finding } from '../findings/finding.js';
import type { ProductFacts } from './leak/product-facts.js';
import { lintSchemas, UnknownToLint, type LintInput } from './lint-schemas.js';
import { RULES } from './rules/rules.js';

const NOTHING: LintSettings = { rules: new Map(), ignore: [] };
const FACTS: ProductFacts = { publicFields: [], database: null, mappers: {} };

/** Lints schemas by the names of their subgraphs. Each has a declaration that opens nothing, unless told otherwise. */
function lint(schemas: Readonly<Record<string, string>>, options: Partial<LintInput> = {}): readonly Finding[] {
  const names = Object.keys(schemas);
  return lintSchemas({
    sources: names.map((name) => ({ name, file: `/${name}.graphql`, sdl: schemas[name]!, served: false })),
    settings: NOTHING,
    settingsFile: '/supergraph.yaml',
    products: new Map(names.map((name) => [name, FACTS])),
    ...options,
  });
}

const inShort = ({ message, place }: Finding): string =>
  `${place?.file.slice(1)}:${place?.line}:${place?.column} ${message}`;

/** What one rule finds, or what all do but the one for descriptions. */
const found = (schemas: string | Readonly<Record<string, string>>, rule: string): readonly string[] =>
  lint(typeof schemas === 'string' ? { a: schemas } : schemas, { rules: [rule] }).map(inShort);

describe('require-description', () => {
  it('asks for one on every type, field, argument, enum value and input field', () => {
    const schema = `type Query {
  note(id: ID!): Note
}
type Note { "The text." text: String }
"" enum Size { SMALL }
input NoteInput { text: String }
extend type Note { size: Size }
directive @ours(x: Int) on FIELD_DEFINITION`;
    expect(found(schema, 'require-description')).toEqual([
      'a.graphql:2:3 The field `Query.note` has no description.',
      'a.graphql:2:8 The argument `Query.note(id:)` has no description.',
      'a.graphql:4:6 The type `Note` has no description.',
      'a.graphql:5:9 The type `Size` has no description.',
      'a.graphql:5:16 The value `Size.SMALL` has no description.',
      'a.graphql:6:7 The type `NoteInput` has no description.',
      'a.graphql:6:19 The input field `NoteInput.text` has no description.',
      'a.graphql:7:20 The field `Note.size` has no description.',
    ]);
  });

  it('is content with what another subgraph says, and asks nothing of what is only named', () => {
    const a = '"A person." type User @key(fields: "id") { "UUIDv7." id: ID! "The name." name: String }';
    const b =
      'type User @key(fields: "id") { id: ID! name: String @external "Greets." hello: String @requires(fields: "name") }';
    expect(found({ a, b }, 'require-description')).toEqual([]);
  });
});

describe('naming-convention', () => {
  it('asks for PascalCase, camelCase and SCREAMING_SNAKE_CASE, and says what that would be', () => {
    const schema = `type Query { get_note(NoteId: ID!): note_page URL: String }
type note_page { id: ID! }
enum Size { small extraLarge X_2 }
input NoteInput { Text: String }`;
    const findings = lint({ a: schema }, { rules: ['naming-convention'] });
    expect(findings.map(({ message, repair }) => `${message} ${repair?.split(';')[0]}`)).toEqual([
      'The field `Query.get_note` is not in camelCase. Call it `getNote`',
      'The argument `Query.get_note(NoteId:)` is not in camelCase. Call it `noteId`',
      'The field `Query.URL` is not in camelCase. Call it `url`',
      'The type `note_page` is not in PascalCase. Call it `NotePage`',
      'The value `Size.small` is not in SCREAMING_SNAKE_CASE. Call it `SMALL`',
      'The value `Size.extraLarge` is not in SCREAMING_SNAKE_CASE. Call it `EXTRA_LARGE`',
      'The input field `NoteInput.Text` is not in camelCase. Call it `text`',
    ]);
  });
});

const CONNECTION = `type NoteConnection { nodes: [Note!]! edges: [NoteEdge!]! pageInfo: PageInfo! }
type NoteEdge { node: Note! cursor: String! }`;

describe('Rules about lists', () => {
  it('relay-connections: a list of entities is a connection, of anything else it may be plain', () => {
    const a = `type Query {
  notes: [Note!]
  tags: [String!] sizes: [Size!] points: [Point!]
  hits: [Hit]
  nested: [[User!]!]
  page(first: Int, after: String): NoteConnection
}
type Note { id: ID! } type Point { x: Int } union Hit = Point | Note enum Size { S }
type User @key(fields: "email") { email: String! }
${CONNECTION}`;
    expect(found(a, 'relay-connections')).toEqual([
      'a.graphql:2:3 The field `Query.notes` is a plain list of the entity `Note`.',
      'a.graphql:4:3 The field `Query.hits` is a plain list of `Hit`, which may be the entity `Note`.',
      'a.graphql:5:3 The field `Query.nested` is a plain list of the entity `User`.',
    ]);
  });

  it('relay-connections: what is an entity is known from all subgraphs', () => {
    const a = 'type Query { users: [User] } type User @key(fields: "id", resolvable: false) { id: ID! }';
    const b =
      'type Team { members: [Person] } interface Person { name: String } type User implements Person @key(fields: "id") { id: ID! name: String }';
    expect(found({ a, b }, 'relay-connections')).toEqual([
      'a.graphql:1:14 The field `Query.users` is a plain list of the entity `User`.',
      'b.graphql:1:13 The field `Team.members` is a plain list of `Person`, which may be the entity `User`.',
    ]);
  });

  it('relay-connection-types: what is called a connection is one', () => {
    expect(found(`${CONNECTION} type Note { id: ID! }`, 'relay-connection-types')).toEqual([]);
    const broken = `type AConnection { nodes: Int edges: [AEdge] pageInfo: PageInfo }
type AEdge { item: Int cursor: Int! }
scalar BConnection`;
    expect(found(broken, 'relay-connection-types')).toEqual([
      'a.graphql:1:6 The type `AConnection` is called like a Relay connection and lacks a list `nodes`, `AEdge.node`, `AEdge.cursor: String!`, `pageInfo: PageInfo!`.',
      'a.graphql:3:8 The type `BConnection` is called like a Relay connection and lacks its fields: it is no object type.',
    ]);
  });

  it('relay-arguments: a connection is paged through by first and after, and backwards by last and before', () => {
    const schema = `type Query { a(first: Int, after: String): NoteConnection b: NoteConnection
c(first: Int!, after: String): NoteConnection d(first: Int, after: String, last: Int): NoteConnection }`;
    expect(found(schema, 'relay-arguments')).toEqual([
      'a.graphql:1:59 The field `Query.b` returns a connection and lacks `first: Int` and `after: String`.',
      'a.graphql:2:1 The field `Query.c` returns a connection and lacks `first: Int`.',
      'a.graphql:2:47 The field `Query.d` returns a connection and lacks `before: String`.',
    ]);
  });
});

describe('Rules about root fields', () => {
  it('mutation-input: one input, also where the schema calls its mutations otherwise', () => {
    const schema = `schema { query: Query mutation: Changes }
type Changes { a(input: AInput!): Int b(id: ID!): Int c: Int d(input: DInput): Int e(input: EInput!, dry: Boolean): Int }
type Mutation { plain(id: ID!): Int }`;
    expect(found(schema, 'mutation-input')).toEqual([
      'a.graphql:2:39 The field `Mutation.b` takes `id: ID!` in place of one `input`.',
      'a.graphql:2:55 The field `Mutation.c` takes no argument in place of one `input`.',
      'a.graphql:2:62 The field `Mutation.d` takes `input: DInput` in place of one `input`.',
      'a.graphql:2:84 The field `Mutation.e` takes `input: EInput!`, `dry: Boolean` in place of one `input`.',
    ]);
  });

  it('nullable-root-fields: of queries, mutations and subscriptions, in extensions too', () => {
    const schema = `type Query { a: Int! b: [Int!] _service: _Service! } extend type Mutation { c: Int! }
type Subscription { d: Int! } type Other { e: Int! }`;
    expect(found(schema, 'nullable-root-fields').map((one) => one.split(' ').slice(0, 4).join(' '))).toEqual([
      'a.graphql:1:14 The field `Query.a`',
      'a.graphql:1:77 The field `Mutation.c`',
      'a.graphql:2:21 The field `Subscription.d`',
    ]);
  });

  it('resty-field-names: no verb, but words that only begin like one', () => {
    const schema =
      'type Query { getNote: Int listNotes: Int listing: Int getaway: Int list: Int } type Note { getText: Int }';
    const findings = lint({ a: schema }, { rules: ['resty-field-names'] });
    expect(findings.map(({ message, repair }) => `${message} ${repair}`)).toEqual([
      'The field `Query.getNote` begins with a verb. Call it `note`.',
      'The field `Query.listNotes` begins with a verb. Call it `notes`.',
    ]);
  });
});

describe('Rules about entities', () => {
  it('entity-key: an entity has the key id, in any of its subgraphs, and what has an id is an entity', () => {
    const a = `type Sku @key(fields: "sku") { sku: String! } type Tag { id: ID! } type Loose { id: String }
type Order @key(fields: "number") @key(fields: "id") { id: ID! number: Int! } interface Node { id: ID! }
type Part @key(fields: "serial") { serial: String! }`;
    const b = 'type Part @key(fields: "id") @key(fields: "serial") { id: ID! serial: String! }';
    expect(found({ a, b }, 'entity-key')).toEqual([
      'a.graphql:1:6 The type `Sku` is an entity and has no `@key(fields: "id")`.',
      'a.graphql:1:52 The type `Tag` has an id and no key: no other product can extend it.',
    ]);
  });

  it('entity-key: knows the key under the name that a link gives it', () => {
    const schema = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [{ name: "@key", as: "@primary" }])
type A @primary(fields: "id") { id: ID! } type B @key(fields: "id") { id: ID! }`;
    expect(found(schema, 'entity-key')).toEqual([
      'a.graphql:2:48 The type `B` has an id and no key: no other product can extend it.',
    ]);
  });

  it('no-copied-entity: what is no key stands in one subgraph, or is external, or is being moved', () => {
    const a =
      'type User @key(fields: "id org { id }") { id: ID! org: Org name: String @shareable mail: String phone: String }';
    const b =
      'type User @key(fields: "id") { id: ID! org: Org\n name: String @shareable mail: String @external phone: String @override(from: "a") }';
    const findings = lint({ a, b }, { rules: ['no-copied-entity'] });
    expect(findings.map(inShort)).toEqual([
      'b.graphql:2:2 The field `User.name` is answered by the subgraphs "a", "b": the entity is copied.',
    ]);
    expect(findings[0]?.alsoAt).toEqual([{ file: '/a.graphql', line: 1, column: 60 }]);
    expect(
      found({ a: 'type Point { x: Int @shareable }', b: 'type Point { x: Int @shareable }' }, 'no-copied-entity'),
    ).toEqual([]);
  });
});

describe('Rules about types', () => {
  it('id-type: ids are ID, and that of an object is never null', () => {
    const schema = `type Note { id: ID authorId: String! tagIds: [ID!] parentId: ID grid: Int }
type Query { note(id: String): Note notes(ids: ID): Note }`;
    expect(found(schema, 'id-type')).toEqual([
      'a.graphql:1:13 The field `Note.id` is called like an id and is not `ID!`.',
      'a.graphql:1:20 The field `Note.authorId` is called like an id and is not `ID`.',
      'a.graphql:2:19 The argument `Query.note(id:)` is called like an id and is not `ID`.',
      'a.graphql:2:43 The argument `Query.notes(ids:)` is called like an id and is not `[ID!]`.',
    ]);
  });

  it('timestamps: what ends in At is a DateTime', () => {
    const schema =
      'type Note { createdAt: DateTime! editedAt: String format: String } input I { from: Int sentAt: Int }';
    expect(found(schema, 'timestamps')).toEqual([
      'a.graphql:1:34 The field `Note.editedAt` is called like a moment and is a `String`.',
      'a.graphql:1:88 The input field `I.sentAt` is called like a moment and is a `Int`.',
    ]);
  });

  it('shared-types and shared-scalars: what the kit has is used, and has no second', () => {
    const schema =
      'type Money { amount: String } scalar DateTime scalar Date_Time scalar Color extend type PageInfo { x: Int }';
    expect(found(schema, 'shared-types')).toEqual([
      'a.graphql:1:6 The type `Money` is shared by all products, and this schema defines it again.',
      'a.graphql:1:38 The type `DateTime` is shared by all products, and this schema defines it again.',
      'a.graphql:1:89 The type `PageInfo` is shared by all products, and this schema defines it again.',
    ]);
    expect(found(schema, 'shared-scalars')).toEqual([
      'a.graphql:1:54 The type `Date_Time` is a scalar of its own, beside the shared `DateTime`.',
      'a.graphql:1:71 The type `Color` is a scalar of its own.',
    ]);
    const source = { name: 'a', file: 'http://a/graphql', sdl: schema, served: true };
    expect(lint({ a: schema }, { sources: [source], rules: ['shared-types'] })).toEqual([]);
  });

  it('require-deprecation-reason: one of its own', () => {
    const schema = `type Query { a: Int @deprecated b: Int @deprecated(reason: " ") c: Int @deprecated(reason: "No longer supported")
d(x: Int @deprecated(reason: "Use y.")): Int } enum E { A @deprecated }`;
    expect(found(schema, 'require-deprecation-reason').map((one) => one.split('`')[1])).toEqual([
      'Query.a',
      'Query.b',
      'Query.c',
      'E.A',
    ]);
  });

  it('no-unreachable-types: through fields, arguments, unions and interfaces, of all subgraphs', () => {
    const a = `type Query { a(x: In): Any } input In { deep: Deep } input Deep { e: E } enum E { X } union Any = M
type M { n: Node } interface Node { id: ID! } type Impl implements Node { id: ID! b: B } type Lost { m: M }`;
    const b = 'type B { x: Int } extend type Query { c: C } scalar C input Gone { x: Int }';
    const findings = lint({ a, b }, { rules: ['no-unreachable-types'] });
    expect(findings.map(inShort)).toEqual([
      'a.graphql:2:95 The type `Lost` is reached by no field.',
      'b.graphql:1:61 The type `Gone` is reached by no field.',
    ]);
    expect(findings.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
  });
});

const NOTES: ProductFacts = {
  publicFields: [],
  database: {
    name: 'notes',
    ofNoTenant: new Set(['tips']),
    migrations: ['CREATE TABLE notes (tenant_id uuid NOT NULL); CREATE TABLE tips (tenant_id uuid);'],
    prismaSchema:
      'model Row {\n id String\n @@map("notes")\n}\nmodel Tip {\n tenantId String @map("tenant_id")\n @@map("tips")\n}\n',
  },
  mappers: { Note: './prisma/client.js#Row as NoteRow', User: '@inevitable/kit#EntityReference' },
};
const IDENTITY: ProductFacts = {
  publicFields: [],
  database: {
    name: 'identity',
    ofNoTenant: new Set(),
    migrations: ["CREATE TABLE users (id uuid); SELECT protect_tenant_table('tenants', 'id');"],
    prismaSchema: 'model User {\n id String\n @@map("users")\n}\nmodel Tenant {\n id String\n @@map("tenants")\n}\n',
  },
  mappers: {},
};
const SCHEMAS = {
  notes: `type Query { hello: Hello secret: Note }
type Hello { text: String note: Note tip: Tip hit: Hit thing: Thing user: User }
type Note @key(fields: "id") { id: ID! text: String } type Tip { text: String }
union Hit = Tip | Thing
type Thing @key(fields: "id") { id: ID! }
type User @key(fields: "id") { id: ID! notes: [Note] }`,
  identity: `type Query { viewer: User }
type User @key(fields: "id") { id: ID! tenant: Tenant } type Tenant @key(fields: "id") { id: ID! }`,
};
const leaks = (opened: Readonly<Partial<Record<keyof typeof SCHEMAS, readonly string[]>>>) =>
  lint(SCHEMAS, {
    rules: ['tenant-owned-behind-a-tenant'],
    products: new Map([
      ['notes', { ...NOTES, publicFields: opened.notes ?? [] }],
      ['identity', { ...IDENTITY, publicFields: opened.identity ?? [] }],
    ]),
  });

describe('tenant-owned-behind-a-tenant', () => {
  it('names the public fields that lead to the rows of a tenant', () => {
    expect(leaks({ notes: ['Query.hello', 'Hello.text', 'Hello.note'] })).toEqual([
      {
        code: 'tenant-owned-behind-a-tenant',
        severity: 'error',
        message:
          'The field `Hello.note` is public and shows `Note` to callers without a tenant (Query.hello → Hello.note). Its objects are a tenant\'s: they are rows of the tenants\' table "notes.notes".',
        subgraph: 'notes',
        place: { file: '/notes.graphql', line: 2, column: 27 },
        repair: 'Take it out of publicFields of "notes", or let it answer something that is no tenant\'s.',
        alsoAt: [{ file: '/notes.graphql', line: 3, column: 6 }],
      },
    ]);
  });

  it.each<[string, Parameters<typeof leaks>[0], readonly string[]]>([
    ['what is closed shows nothing', { notes: ['Query.hello', 'Hello.text'] }, []],
    [
      "a table that is declared to be of no tenant is everybody's",
      { notes: ['Query.hello', 'Hello.tip', 'Tip.*'] },
      [],
    ],
    ["an entity is its product's, and so a tenant's", { notes: ['Hello.hit'] }, ['Thing (Hello.hit)']],
    [
      'an entity of no tenant may be seen, by whichever product',
      { notes: ['Hello.user'], identity: ['Query.viewer', 'User.id'] },
      [],
    ],
    [
      '... and what another product adds to it may not',
      { notes: ['User.*'], identity: ['Query.viewer'] },
      ['Note (Query.viewer → User.notes)'],
    ],
    [
      "a row that is protected by another column is a tenant's",
      { identity: ['User.tenant'] },
      ['Tenant (User.tenant)'],
    ],
    ['a type of which all is opened is shown where anything leads there', { notes: ['Note.*'] }, ['Note (Note.id)']],
  ])('%s', (_promise, opened, expected) => {
    expect(leaks(opened).map(({ message }) => /shows `(\w+)`.*?(\(.*?\))/.exec(message)!.slice(1).join(' '))).toEqual(
      expected,
    );
  });

  it('gives a hint where nobody can say what is public', () => {
    const findings = lint(SCHEMAS, {
      products: new Map([['identity', IDENTITY]]),
      rules: ['tenant-owned-behind-a-tenant'],
    });
    expect(findings).toMatchObject([
      {
        severity: 'hint',
        subgraph: 'notes',
        message: 'Nobody can say which fields of "notes" are public: there is no declaration of it.',
      },
    ]);
  });
});

describe('Linting', () => {
  const BROKEN = 'type Query { a: Int! getB: Int! } enum E { x y }';
  const ignore = (rule: string, at: string) => ({ rule, at, reason: 'known', line: 7 });

  it('says of a schema that is not GraphQL where it is not, and nothing else', () => {
    expect(lint({ a: 'type Query {\n  a: }', b: BROKEN })).toMatchObject([
      { code: 'INVALID_GRAPHQL', severity: 'error', subgraph: 'a', place: { file: '/a.graphql', line: 2, column: 6 } },
    ]);
  });

  it('says of a schema that is nested too deeply that it is', () => {
    expect(lint({ a: `type Query { a: ${'['.repeat(100_000)}` })).toEqual([
      {
        code: 'INVALID_GRAPHQL',
        severity: 'error',
        subgraph: 'a',
        message: 'Something in the schema is nested too deeply to be read.',
        place: { file: '/a.graphql' },
      },
    ]);
  });

  it('is as strict as supergraph.yaml says', () => {
    const rules = new Map([
      ['nullable-root-fields', { level: 'warn', line: 3 }],
      ['resty-field-names', { level: 'off', line: 4 }],
      ['no-unreachable-types', { level: 'error', line: 5 }],
    ] as const);
    const findings = lint({ a: BROKEN }, { settings: { rules, ignore: [] } });
    const severities = findings.map(({ code, severity }) => `${code} ${severity}`);
    expect([...new Set(severities)].sort()).toEqual([
      'naming-convention error',
      'no-unreachable-types error',
      'nullable-root-fields warning',
      'require-description error',
    ]);
  });

  it('leaves out what is ignored: one place, all that is in a type, or a field with its arguments', () => {
    const settings = {
      rules: new Map(),
      ignore: [ignore('nullable-root-fields', 'Query.a'), ignore('naming-convention', 'E.*')],
    };
    const rules = ['nullable-root-fields', 'naming-convention'];
    expect(
      lint({ a: BROKEN }, { settings, rules })
        .map(inShort)
        .map((one) => one.split('`')[1]),
    ).toEqual(['Query.getB']);
    const schema = '"x" type T { "x" f(a: Int): Int g: Int } type U { "x" f: Int }';
    const described = (at: string) =>
      lint(
        { a: schema },
        { settings: { rules: new Map(), ignore: [ignore('require-description', at)] }, rules: ['require-description'] },
      ).map(({ code, message }) => `${code} ${message.split('`')[1]}`);
    expect(described('T.f')).toEqual(['require-description T.g', 'require-description U']);
    expect(described('T.*')).toEqual(['require-description U']);
    expect(described('U')).toEqual(['require-description T.f(a:)', 'require-description T.g']);
    expect(described('T.f(a:)')).toEqual(['require-description T.g', 'require-description U']);
  });

  it('tells of rules that do not exist and of exceptions that nothing needs, with their lines', () => {
    const settings: LintSettings = {
      rules: new Map([
        ['relay', { level: 'off', line: 3 }],
        ['timestamps', { level: 'off', line: 4 }],
      ]),
      ignore: [ignore('nullable-root-fields', 'Query.b'), ignore('timestamps', 'A.b'), ignore('nope', 'A')],
    };
    const findings = lint({ a: 'type Query { "x" a: Int }' }, { settings });
    const place = { file: '/supergraph.yaml', line: 7 };
    expect(findings.map(({ code, severity, message, place }) => ({ code, severity, message, place }))).toEqual([
      { code: 'unknown-rule', severity: 'error', message: 'There is no rule "relay".', place: { ...place, line: 3 } },
      { code: 'unknown-rule', severity: 'error', message: 'There is no rule "nope".', place },
      {
        code: 'unused-ignore',
        severity: 'warning',
        message: 'The rule "nullable-root-fields" finds nothing at `Query.b`: there is nothing to ignore.',
        place,
      },
      {
        code: 'unused-ignore',
        severity: 'warning',
        message: 'The rule "timestamps" is off, so that nothing of it is to be ignored at `A.b`.',
        place,
      },
    ]);
  });

  it('tells of one subgraph or of some rules alone when asked to, and refuses names that do not exist', () => {
    const schemas = { a: BROKEN, b: BROKEN };
    expect(new Set(lint(schemas, { subgraph: 'b' }).map(({ subgraph }) => subgraph))).toEqual(new Set(['b']));
    expect(new Set(lint(schemas, { rules: ['resty-field-names'] }).map(({ code }) => code))).toEqual(
      new Set(['resty-field-names']),
    );
    expect(() => lint(schemas, { subgraph: 'c' })).toThrow(
      new UnknownToLint('There is no subgraph "c": supergraph.yaml lists a, b.'),
    );
    expect(() => lint(schemas, { rules: ['nope'] })).toThrow(
      /^There is no rule "nope": the rules are require-description, /,
    );
  });

  it('has its rules in docs/schema-rules.md, each with what it says and why, and no others', () => {
    const page = readFileSync('docs/schema-rules.md', 'utf8');
    const headings = [...page.matchAll(/^### `([a-z-]+)`/gm)].map(([, name]) => name);
    expect(headings).toEqual(RULES.map(({ name }) => name));
    for (const { says, reason, severity } of RULES) {
      expect(page).toContain(says);
      expect(page).toContain(`${reason} (${severity})`);
    }
  });
});
