import { describe, expect, it } from '@jest/globals';
import type { EntitlementsPort, RequestContext } from '@inevitable/contract';
import { getIntrospectionQuery, Kind, parse, validate, visit, type FieldNode } from 'graphql';
import { operationIn } from '../executor/client-operation.js';
import {
  clientSchema,
  composed,
  entitlementsWith,
  line,
  nobody,
  oneLine,
  somebody,
} from '../test-support/protected-supergraph.js';
import { loadAuthorization, type Decision } from './authorize.js';
import { decidePolicies } from './decide-policies.js';
import { tenantEntitlements } from './tenant-entitlements.js';

const LIBRARY = composed([
  `type Query {
     open: Int
     me: User @authenticated
     user(id: ID): User
     audit: [Entry!]! @requiresScopes(scopes: [["audit:read", "audit:export"], ["admin"]])
     report: Report
     node: Node
     found: [Found!]
     badge: Badge
     mood: Mood
   }
   type Mutation { rename(name: String): User @authenticated reset: Int @requiresScopes(scopes: [["admin"]]) }
   type Subscription { renamed: User @authenticated }
   interface Node { id: ID! note: String owner: User }
   type User implements Node @key(fields: "id") { id: ID! name: String email: String @authenticated note: String owner: User }
   type Book implements Node @key(fields: "id") {
     id: ID! title: String note: String @requiresScopes(scopes: [["books:notes"]]) owner: User
   }
   type Report @policy(policies: [["entitled:reports.read"], ["auditor"]]) { id: ID! total: Int }
   type Entry { id: ID! }
   union Found = User | Book | Report
   scalar Badge @authenticated
   enum Mood @requiresScopes(scopes: [["moods"]]) { GOOD }`,
]);
const schema = clientSchema(LIBRARY);
type Plan = Pick<EntitlementsPort, 'describe'>;
const plan: Plan = {
  describe: () => Promise.resolve(entitlementsWith({ 'reports.read': { kind: 'boolean', enabled: true } })),
};
const noPlan: Plan = { describe: () => Promise.reject(new Error('Identity is down.')) };

function decided(mode: 'reject' | 'filter', source: string, context: RequestContext, entitlements = noPlan) {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const authorization = loadAuthorization(LIBRARY, schema, {
    mode,
    decidePolicy: decidePolicies(tenantEntitlements(entitlements)),
    onPolicyFailed: () => undefined,
  });
  const requirements = authorization.requirementsOf(document, null);
  if (requirements === null) return { document, decision: { kind: 'allowed' } as Decision };
  return { document, decision: authorization.decide(requirements, context) };
}

/** What is fetched; or why nothing is. */
async function outcome(mode: 'reject' | 'filter', source: string, context: RequestContext, entitlements = noPlan) {
  const decision = await decided(mode, source, context, entitlements).decision;
  if (decision.kind === 'rejected') return { code: decision.error.code, ...decision.error.details };
  if (decision.kind === 'allowed') return 'all';
  expect(validate(schema, decision.document)).toEqual([]);
  return oneLine(decision.document);
}

const rejected = (source: string, context = nobody(), entitlements = noPlan) =>
  outcome('reject', source, context, entitlements);
const fetched = (source: string, context = nobody(), entitlements = noPlan) =>
  outcome('filter', source, context, entitlements);

describe('An operation that asks for what its caller may not see', () => {
  it('is refused whole in mode reject, with the places', async () => {
    const source = '{ open mine: me { id } user { friend: owner { email } } audit { id } }';
    expect(await rejected(source, nobody())).toEqual({
      code: 'UNAUTHENTICATED',
      paths: ['mine', 'user.friend.email', 'audit'],
    });
    expect(await rejected(source, somebody())).toEqual({ code: 'UNAUTHORIZED_FIELD_OR_TYPE', paths: ['audit'] });
    expect(await rejected(source, somebody({ may: 'admin' }))).toBe('all');
  });

  it('names at most ten places', async () => {
    const source = `{ user { ${Array.from({ length: 30 }, (_, at) => `e${at}: email`).join(' ')} } }`;
    expect(await rejected(source)).toMatchObject({ paths: { length: 10 } });
  });

  it('is answered without that in mode filter', async () => {
    expect(await fetched('{ open me { id } user { name email } audit { id } }')).toBe(line('{ open user { name } }'));
  });

  it('is refused in mode filter where it subscribes to it', async () => {
    expect(await fetched('subscription { renamed { name } }')).toEqual({ code: 'UNAUTHENTICATED', paths: ['renamed'] });
    expect(await fetched('subscription { renamed { name } }', somebody())).toBe('all');
  });

  it('does not mutate anything it may not', async () => {
    expect(await fetched('mutation ($n: String) { rename(name: $n) { id } reset }', somebody())).toBe(
      line('mutation ($n: String) { rename(name: $n) { id } }'),
    );
    expect(await fetched('mutation { reset }', somebody())).toBe(line('mutation { __typename }'));
  });
});

describe('An operation of which all may be seen', () => {
  it.each([
    ['because nothing is protected', '{ open user { name } }', nobody()],
    ['because the caller is signed in', '{ me { email } badge }', somebody()],
    ['because of one list of scopes', '{ audit { id } }', somebody({ may: 'audit:export audit:read' })],
    ['because of another list of scopes', '{ audit { id } }', somebody({ may: 'admin' })],
  ])('is left as it is %s', async (_why, source, context) => {
    expect(await fetched(source, context)).toBe('all');
    expect(await rejected(source, context)).toBe('all');
  });

  it('is decided without waiting, and a policy only until the plan is known', async () => {
    expect(decided('filter', '{ me { id } }', nobody()).decision).not.toBeInstanceOf(Promise);
    const authorization = loadAuthorization(LIBRARY, schema, {
      mode: 'filter',
      decidePolicy: decidePolicies(tenantEntitlements(plan)),
      onPolicyFailed: () => undefined,
    });
    const requirements = authorization.requirementsOf(parse('{ report { total } }'), null)!;
    const first = authorization.decide(requirements, somebody());
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual({ kind: 'allowed' });
    expect(authorization.decide(requirements, somebody())).toEqual({ kind: 'allowed' });
  });
});

describe('A filtered operation', () => {
  it('is the same document for everybody who is denied the same, and has another key for everybody else', async () => {
    const authorization = loadAuthorization(LIBRARY, schema, {
      mode: 'filter',
      decidePolicy: decidePolicies(null),
      onPolicyFailed: () => undefined,
    });
    const requirements = authorization.requirementsOf(parse('{ open me { id } audit { id } }'), null)!;
    const decide = async (context: RequestContext) => {
      const decision = await authorization.decide(requirements, context);
      if (decision.kind !== 'filtered') throw new Error(decision.kind);
      return decision;
    };
    const [one, two, three] = [await decide(nobody()), await decide(nobody()), await decide(somebody())];
    expect(one.document).toBe(two.document);
    expect(one.key).toBe(two.key);
    expect(three.key).not.toBe(one.key);
  });

  it('knows of every field of the client’s document whether it is denied, and what it became', async () => {
    const { document, decision } = decided('filter', '{ user { name email } me { id } }', nobody());
    const filtered = await decision;
    if (filtered.kind !== 'filtered') throw new Error(filtered.kind);
    const denied: string[] = [];
    visit(document, {
      [Kind.FIELD]: (field: FieldNode) => void (filtered.isDenied(field) && denied.push(field.name.value)),
    });
    expect(denied).toEqual(['email', 'me']);
    const [user] = operationIn(document, null).selectionSet.selections as FieldNode[];
    const [left] = operationIn(filtered.document, null).selectionSet.selections;
    expect(filtered.inDocument(user!)).toBe(left);
  });
});

describe('@policy in an operation', () => {
  it('is met by the entitlements of the caller’s tenant', async () => {
    expect(await rejected('{ report { total } }', somebody(), plan)).toBe('all');
  });

  it.each([
    ['to the anonymous', nobody(), plan],
    ['where the entitlements cannot be found out', somebody(), noPlan],
  ])('is denied %s', async (_whom, context, entitlements) => {
    expect(await fetched('{ open report { total } }', context, entitlements)).toBe(line('{ open }'));
  });
});

describe('What is protected cannot be had', () => {
  it.each([
    ['under an alias', '{ user { name: email open: name } }', '{ user { open: name } }'],
    ['under the alias of an open field in another place', '{ user { name } open: me { id } }', '{ user { name } }'],
    ['through an inline fragment', '{ node { ... on User { email } } open }', '{ node { __typename } open }'],
    [
      'through a fragment',
      '{ user { ...F } } fragment F on User { email name }',
      '{ user { ...F } } fragment F on User { name }',
    ],
    [
      'through a fragment that is spread in two places',
      '{ user { ...F } node { ...F } } fragment F on User { email name }',
      '{ user { ...F } node { ...F } } fragment F on User { name }',
    ],
    ['through the interface, when one object protects it', '{ node { id note } }', '{ node { id } }'],
    [
      'through a fragment on the interface inside of an object',
      '{ user { ... on Node { note id } } }',
      '{ user { ... on Node { id } } }',
    ],
    [
      'through a union',
      '{ found { ... on Report { total } ... on Book { title } } }',
      '{ found { ... on Book { title } } }',
    ],
    [
      'by the name of a protected type',
      '{ found { ... on Report { __typename } ... on Book { title } } }',
      '{ found { ... on Book { title } } }',
    ],
    [
      'by a name that may be that of a protected type',
      '{ found { t: __typename ... on Book { __typename } } }',
      '{ found { ... on Book { __typename } } }',
    ],
    ['as a scalar or enum', '{ badge mood open }', '{ open }'],
    [
      'with @skip and @include',
      'query ($v: Boolean!) { open me @include(if: $v) { id } badge @skip(if: $v) }',
      '{ open }',
    ],
    [
      'behind a condition on a fragment',
      'query ($v: Boolean!) { open ... @include(if: $v) { me { id } } }',
      '{ open }',
    ],
    [
      'with @include on an open sibling of the same name',
      'query ($v: Boolean!) { user { name email @include(if: $v) email } }',
      '{ user { name } }',
    ],
  ])('%s', async (_how, source, expected) => {
    expect(await fetched(source)).toBe(line(expected));
  });

  it('is still there for those who may, through a fragment on an object that does not protect it', async () => {
    expect(await fetched('{ node { ... on User { note } } }')).toBe('all');
    expect(await fetched('{ node { note } }', somebody({ may: 'books:notes' }))).toBe('all');
  });

  it('is described by introspection all the same: a schema is no one’s data', async () => {
    expect(await fetched(getIntrospectionQuery())).toBe('all');
    expect(await rejected('{ __type(name: "Report") { fields { name } } }')).toBe('all');
  });
});

describe('A protected root type', () => {
  const supergraph = composed(['type Query @authenticated { a: Int }']);
  const rootSchema = clientSchema(supergraph);
  const authorization = loadAuthorization(supergraph, rootSchema, {
    mode: 'filter',
    decidePolicy: () => undefined,
    onPolicyFailed: () => undefined,
  });
  const fetchedOf = async (source: string) => {
    const requirements = authorization.requirementsOf(parse(source), null);
    const decision = requirements && (await authorization.decide(requirements, nobody()));
    return decision?.kind === 'filtered' ? oneLine(decision.document) : (decision?.kind ?? 'all');
  };

  it('hides all its fields, and not the schema', async () => {
    expect(await fetchedOf('{ a t: __typename }')).toBe(line('{ __typename }'));
    expect(await fetchedOf('{ a __schema { queryType { name } } }')).toBe(line('{ __schema { queryType { name } } }'));
    expect(await fetchedOf(getIntrospectionQuery())).toBe('all');
  });
});

describe('An interface with a protected object type', () => {
  const supergraph = composed([
    `type Query { node: Node cat: Cat }
     interface Node { id: ID! }
     type Cat implements Node { id: ID! }
     type Dog implements Node @requiresScopes(scopes: [["dogs"]]) { id: ID! }`,
  ]);
  const authorization = loadAuthorization(supergraph, clientSchema(supergraph), {
    mode: 'reject',
    decidePolicy: () => undefined,
    onPolicyFailed: () => undefined,
  });
  const decide = (source: string, context: RequestContext) => {
    const requirements = authorization.requirementsOf(parse(source), null);
    return requirements ? authorization.decide(requirements, context) : { kind: 'allowed' };
  };

  it('is protected as that type is, since composition says so', async () => {
    expect(await decide('{ node { ... on Cat { id } } }', nobody())).toMatchObject({
      kind: 'rejected',
      error: { details: { paths: ['node'] } },
    });
    expect(await decide('{ node { id } }', somebody({ may: 'dogs' }))).toEqual({ kind: 'allowed' });
    expect(await decide('{ cat { id } }', nobody())).toEqual({ kind: 'allowed' });
  });
});

describe('A supergraph in which nothing is protected', () => {
  it('has no operation that requires anything', () => {
    const supergraph = composed(['type Query { a: Int }']);
    const authorization = loadAuthorization(supergraph, clientSchema(supergraph), {
      mode: 'reject',
      decidePolicy: () => undefined,
      onPolicyFailed: () => undefined,
    });
    expect(authorization.requirementsOf(parse('{ a }'), null)).toBeNull();
  });
});
