import { describe, expect, it } from '@jest/globals';
import { fieldRequirements, type Requirement, type RequirementsByCoordinate } from '@inevitable/gateway';
import fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { changedRequirements } from './changed-requirements.js';
import type { AccessChange } from './check-report.js';
import { isCovered } from './is-covered.js';
import { judgeAccess } from './judge-access.js';
import type { KnownOperation } from './known-operation.js';
import { definitionPlaces } from './definition-places.js';
import { indexOperations, validity } from './operation-index.js';

const LINKS = `schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/authenticated/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/requiresScopes/v0.1", for: SECURITY)
  @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY) { query: Query }
`;

const BASE = `type Query { node: Node user: User users: [User] search: [Result] shop: Shop money: Money item: Shop }
interface Node { id: ID! name: String }
type User implements Node { id: ID! name: String email: String friend: User }
type Post implements Node { id: ID! name: String text: String }
type Shop { title: String price: Money }
type Vault { title: String gold: Int }
union Result = User | Post
scalar Money
`;

const DOCUMENTS: Readonly<Record<string, string>> = {
  Email: '{ user { email } }',
  Friends: '{ user { friend { id } } }',
  Names: '{ users { name } }',
  NodeName: '{ node { name } }',
  NodeEmail: '{ node { ... on User { email } } }',
  Found: '{ search { __typename } }',
  FoundUser: '{ search { ... on User { __typename } } }',
  Text: '{ search { ... on Post { text } } }',
  Title: '{ shop { title } }',
  Price: '{ shop { price } }',
  Item: '{ item { title } }',
};

const operation = (name: string, document: string): KnownOperation => ({
  name,
  document,
  inputs: [],
  count: 1,
  lastSeen: new Date('2026-11-20T10:00:00Z'),
  clients: [{ name: 'web', version: '1.0', plan: null, count: 1 }],
  signature: name,
  place: null,
});

const ALL = Object.entries(DOCUMENTS).map(([name, document]) => operation(name, document));

type Edits = readonly (readonly [string, string])[];

const edited = (edits: Edits): string =>
  edits.reduce((sdl, [from, to]) => {
    if (sdl.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} is not there once.`);
    return sdl.replace(from, to);
  }, BASE);

async function judge(before: string, after: string, operations = ALL): Promise<readonly AccessChange[]> {
  const schemaOf = (sdl: string) => buildSchema(sdl, { assumeValidSDL: true });
  const schemas = { base: schemaOf(before), candidate: schemaOf(after) };
  const placesOf = (sdl: string) => definitionPlaces([{ name: 'all', sdl, file: '/all.graphql' }]);
  return judgeAccess(
    { base: `${LINKS}${before}`, candidate: `${LINKS}${after}` },
    schemas,
    await indexOperations(operations, schemas.base, () => undefined),
    { onBase: validity(schemas.base), onCandidate: validity(schemas.candidate) },
    { base: placesOf(before), candidate: placesOf(after) },
  );
}

const inShort = ({ code, severity, message, affected }: AccessChange) => ({
  code: code.replace('ACCESS_REQUIREMENT_', ''),
  severity,
  message,
  operations: affected.operations.map(({ name }) => name),
});

const AUTHENTICATED: Edits = [['email: String', 'email: String @authenticated']];
const scoped = (scopes: string): Edits => [['email: String', `email: String @requiresScopes(scopes: ${scopes})`]];

interface Case {
  readonly before?: Edits;
  readonly after: Edits;
  readonly told: readonly ReturnType<typeof inShort>[];
}

const EMAIL = ['Email', 'NodeEmail'];

const CASES: Readonly<Record<string, Case>> = {
  'a field that asks for a signed-in caller': {
    after: AUTHENTICATED,
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'User.email' needs more of its callers than before: a signed-in caller.",
        operations: EMAIL,
      },
    ],
  },
  'a field that asks for one more scope': {
    before: scoped('[["a"]]'),
    after: scoped('[["a", "b"]]'),
    told: [
      {
        code: 'CHANGED',
        severity: 'warning',
        message:
          "'User.email' needs more of its callers than before: the permission a and the permission b. Before: the permission a.",
        operations: EMAIL,
      },
    ],
  },
  'a field that asks for another scope': {
    before: scoped('[["a"]]'),
    after: scoped('[["b"]]'),
    told: [
      {
        code: 'CHANGED',
        severity: 'warning',
        message:
          "'User.email' needs something else of its callers than before: the permission b. Before: the permission a.",
        operations: EMAIL,
      },
    ],
  },
  'a field for which another scope will do as well': {
    before: scoped('[["a"]]'),
    after: scoped('[["a"], ["b"]]'),
    told: [
      {
        code: 'CHANGED',
        severity: 'hint',
        message:
          "'User.email' needs less of its callers than before: the permission a, or the permission b. Before: the permission a.",
        operations: EMAIL,
      },
    ],
  },
  'a field for which any signed-in caller will do': {
    before: scoped('[["a"]]'),
    after: AUTHENTICATED,
    told: [
      {
        code: 'CHANGED',
        severity: 'hint',
        message: "'User.email' needs less of its callers than before: a signed-in caller. Before: the permission a.",
        operations: EMAIL,
      },
    ],
  },
  'a field that becomes open, whoever uses it': {
    before: [...AUTHENTICATED, ['gold: Int', 'gold: Int @policy(policies: [["p"]])']],
    after: [],
    told: [
      {
        code: 'REMOVED',
        severity: 'warning',
        message: "'User.email' needs nothing of its callers any more. Before: a signed-in caller.",
        operations: EMAIL,
      },
      {
        code: 'REMOVED',
        severity: 'warning',
        message: "'Vault.gold' needs nothing of its callers any more. Before: the policy p.",
        operations: [],
      },
    ],
  },
  'a field that nobody uses and that asks for more': {
    after: [['gold: Int', 'gold: Int @policy(policies: [["entitled:gold.digging"]])']],
    told: [
      {
        code: 'ADDED',
        severity: 'hint',
        message:
          "'Vault.gold' needs more of its callers than before: a tenant that is entitled to the feature gold.digging.",
        operations: [],
      },
    ],
  },
  'a type, for all its fields, its interfaces and unions, and whatever answers with it': {
    after: [
      ['interface Node', 'interface Node @authenticated'], // as composition puts it there
      ['type User implements Node', 'type User implements Node @authenticated'],
    ],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'User' needs more of its callers than before: a signed-in caller.",
        operations: ['Email', 'Friends', 'Names', 'NodeName', 'NodeEmail', 'Found', 'FoundUser'],
      },
    ],
  },
  'a scalar, for whatever answers with it': {
    after: [['scalar Money', 'scalar Money @authenticated']],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'Money' needs more of its callers than before: a signed-in caller.",
        operations: ['Price'],
      },
    ],
  },
  'a field of an object, and so of its interface': {
    after: [
      ['interface Node { id: ID! name: String }', 'interface Node { id: ID! name: String @authenticated }'],
      ['User implements Node { id: ID! name: String', 'User implements Node { id: ID! name: String @authenticated'],
    ],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'User.name' needs more of its callers than before: a signed-in caller.",
        operations: ['Names', 'NodeName'],
      },
    ],
  },
  'an interface behind which there is a protected type now': {
    before: [['type Vault', 'type Vault @authenticated']],
    after: [
      ['interface Node', 'interface Node @authenticated'],
      ['type Vault {', 'type Vault implements Node @authenticated { id: ID! name: String'],
    ],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'Node' needs more of its callers than before: a signed-in caller.",
        operations: ['NodeName', 'NodeEmail'],
      },
    ],
  },
  'a union among which there is a protected type now': {
    before: [['type Vault', 'type Vault @authenticated']],
    after: [
      ['type Vault', 'type Vault @authenticated'],
      ['union Result = User | Post', 'union Result = User | Post | Vault'],
    ],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'Result.__typename' needs more of its callers than before: a signed-in caller.",
        operations: ['Found'],
      },
    ],
  },
  'a field that answers with a protected type now': {
    before: [['type Vault', 'type Vault @authenticated']],
    after: [
      ['type Vault', 'type Vault @authenticated'],
      ['item: Shop', 'item: Vault'],
    ],
    told: [
      {
        code: 'ADDED',
        severity: 'warning',
        message: "'Query.item' needs more of its callers than before: a signed-in caller.",
        operations: ['Item'],
      },
    ],
  },
  'what a type asked for and now only one of its fields does': {
    before: [['type User implements Node', 'type User implements Node @authenticated']],
    after: AUTHENTICATED,
    told: [
      {
        code: 'REMOVED',
        severity: 'warning',
        message: "'User' needs nothing of its callers any more. Before: a signed-in caller.",
        // Not NodeEmail: its email asks for what it asked for.
        operations: ['Email', 'Friends', 'Names', 'NodeName', 'Found', 'FoundUser'],
      },
    ],
  },
  'nothing of a field that asks for what its type asks for anyway': {
    before: [['type User implements Node', 'type User implements Node @authenticated']],
    after: [['type User implements Node', 'type User implements Node @authenticated'], ...AUTHENTICATED],
    told: [],
  },
  'nothing of a requirement that is written otherwise': {
    before: scoped('[["b", "a"], ["c"]]'),
    after: scoped('[["c"], ["a", "b"], ["a", "b", "d"]]'),
    told: [],
  },
  'nothing of what is new, or gone': {
    before: [['title: String gold', 'title: String old: Int @authenticated gold']],
    after: [['title: String gold', 'title: String new: Int @authenticated gold']],
    told: [],
  },
};

describe('Of who may see what a check tells', () => {
  it.each(Object.entries(CASES))('%s', async (_title, { before = [], after, told }) => {
    const access = await judge(edited(before), edited(after));

    expect(access.map(inShort)).toEqual(told);
  });

  it('a warning where more is needed and nobody knows who asks for it', async () => {
    const access = await judge(BASE, edited(AUTHENTICATED), []);

    expect(access.map(({ severity }) => severity)).toEqual(['warning']);
  });

  it('no operation that is not valid any more, or was not before', async () => {
    const after = edited([...AUTHENTICATED, ['friend: User', '']]);
    const gone = operation('Gone', '{ user { email friend { id } } }');
    const access = await judge(BASE, after, [...ALL, gone, operation('Odd', '{ user { email nosuch } }')]);

    expect(access.map(inShort).map(({ operations }) => operations)).toEqual([EMAIL]);
  });
});

describe('A definition of which several subgraphs have a part', () => {
  it('is pointed at where its requirement changed', async () => {
    const [users, mail] = ['type User { id: ID! }', 'type User {\n  id: ID!\n}'];
    const placesOf = (sdls: Readonly<Record<string, string>>) =>
      definitionPlaces(Object.entries(sdls).map(([name, sdl]) => ({ name, sdl, file: `/${name}.graphql` })));
    const before = 'type Query { user: User } type User { id: ID! }';
    const after = 'type Query { user: User } type User @authenticated { id: ID! }';
    const schemas = { base: buildSchema(before), candidate: buildSchema(before) };
    const access = await judgeAccess(
      { base: `${LINKS}${before}`, candidate: `${LINKS}${after}` },
      schemas,
      await indexOperations([], schemas.base, () => undefined),
      { onBase: () => [], onCandidate: () => [] },
      {
        base: placesOf({ users: users!, mail: mail! }),
        candidate: placesOf({ users: users!, mail: `\n${mail!.replace('User', 'User @authenticated')}` }),
      },
    );

    expect(access.map(({ subgraph, place }) => [subgraph, place])).toEqual([
      ['mail', { file: '/mail.graphql', line: 2, column: 6 }],
    ]);
  });
});

/** Everything a caller can hold in what follows. */
const HOLDINGS = ['signed in', 'scope a', 'scope b', 'policy a'] as const;
type Holding = (typeof HOLDINGS)[number];

/** All callers there can be: whoever has a scope is signed in. */
const CALLERS: readonly ReadonlySet<Holding>[] = Array.from(
  { length: 2 ** HOLDINGS.length },
  (_, bits) => new Set(HOLDINGS.filter((_holding, at) => (bits & (1 << at)) !== 0)),
).filter((held) => held.has('signed in') || !(held.has('scope a') || held.has('scope b')));

const meets = (held: ReadonlySet<string>, requirements: readonly Requirement[] = []): boolean =>
  requirements.every((one) => {
    if (one.kind === 'authenticated') return held.has('signed in');
    const kind = one.kind === 'scopes' ? 'scope' : 'policy';
    return one.anyOf.some((together) => together.every((name) => held.has(`${kind} ${name}`)));
  });

const anyOf = (names: readonly string[]) => fc.array(fc.subarray([...names]), { maxLength: 3 });
const anyRequirements: fc.Arbitrary<readonly Requirement[]> = fc.array(
  fc.oneof(
    fc.constant<Requirement>({ kind: 'authenticated' }),
    anyOf(['a', 'b']).map((alternatives): Requirement => ({ kind: 'scopes', anyOf: alternatives })),
    anyOf(['a']).map((alternatives): Requirement => ({ kind: 'policies', anyOf: alternatives })),
  ),
  { maxLength: 3 },
);

describe('Requirements', () => {
  it('are covered by others just where every caller that meets those meets them', () => {
    fc.assert(
      fc.property(anyRequirements, anyRequirements, (asked, met) => {
        const isSo = CALLERS.every((held) => !meets(held, met) || meets(held, asked));
        expect(isCovered(asked, met)).toBe(isSo);
      }),
      { numRuns: 500 },
    );
  });

  it('that have too many combinations to look at are covered by one that is enough alone', () => {
    const wide = (at: number): Requirement => ({ kind: 'scopes', anyOf: [[`${at}a`], [`${at}b`]] });
    const many = Array.from({ length: 30 }, (_, at) => wide(at));

    expect([isCovered([wide(7)], many), isCovered([wide(31)], many)]).toEqual([true, false]);
  });

  it('of two supergraphs differ for a caller just where a change names the field', () => {
    const schema = buildSchema(BASE);
    const places = [
      'Query.user',
      'User',
      'User.email',
      'User.name',
      'Post',
      'Post.name',
      'Shop',
      'Money',
      'Node',
      'Node.name',
    ];
    const anyDeclared: fc.Arbitrary<RequirementsByCoordinate> = fc
      .array(fc.tuple(fc.constantFrom(...places), anyRequirements), { maxLength: 6 })
      .map((entries) => new Map(entries));
    const fields = parse(BASE).definitions.flatMap((definition) =>
      'fields' in definition && 'name' in definition
        ? ['__typename', ...(definition.fields ?? []).map(({ name }) => name.value)].map(
            (field) => `${definition.name!.value}.${field}`,
          )
        : [],
    );
    fc.assert(
      fc.property(anyDeclared, anyDeclared, (before, after) => {
        const changes = changedRequirements({ schema, declared: before }, { schema, declared: after });
        const [was, is] = [before, after].map((declared) => fieldRequirements(declared, schema));
        const differing = (from: RequirementsByCoordinate, to: RequirementsByCoordinate) =>
          fields.filter((field) => CALLERS.some((held) => meets(held, from.get(field)) && !meets(held, to.get(field))));
        const told = (side: 'tightened' | 'loosened') =>
          new Set(changes.flatMap((change) => change[side]).filter((field) => fields.includes(field)));

        expect([...told('tightened')].sort()).toEqual(differing(was!, is!).sort());
        expect([...told('loosened')].sort()).toEqual(differing(is!, was!).sort());
      }),
      { numRuns: 200 },
    );
  });
});
