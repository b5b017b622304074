import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { composeSupergraph, startPlannerThreads, type Planner, type QueryPlan } from '@inevitable/gateway';
import { pino } from 'pino';
import { composeSubgraphs } from '../compose/compose-subgraphs.js';
import { explainOperation, NoSuchOperation, type Explanation, type ExplainInput } from './explain-operation.js';
import { explanationAsText } from './explanation-as-text.js';
import { planAsTree } from './plan-as-tree.js';
import { requirementInWords } from './requirement-in-words.js';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@external", "@requires", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize"])`;
const SUBGRAPHS = {
  people: `type Query { me: User @authenticated users: [User] @listSize(assumedSize: 4) }
    type Mutation { rename(name: String): User }
    type User @key(fields: "id") { id: ID! name: String email: String @requiresScopes(scopes: [["people:mail:read", "people:read"], ["people:admin"]]) }`,
  notes: `type Query { notes: [Note] }
    type Note @key(fields: "id") { id: ID! text: String author: User }
    type User @key(fields: "id") { id: ID! notes(first: Int): NoteConnection @policy(policies: [["entitled:notes.notes"], ["product:notes"]]) }
    type NoteConnection { nodes: [Note!]! }`,
  stars: `type Note @key(fields: "id") { id: ID! text: String @external stars: Int @requires(fields: "text") }`,
};

let supergraphSdl: string;
let planner: Planner;
const threads = startPlannerThreads({ size: 1, log: pino({ level: 'silent' }) });

beforeAll(async () => {
  const composed = composeSupergraph(
    Object.entries(SUBGRAPHS).map(([name, sdl]) => ({ name, routingUrl: `http://${name}`, sdl: LINK + sdl })),
  );
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.errors));
  supergraphSdl = composed.sdl;
  planner = await threads.load(supergraphSdl);
});
afterAll(() => threads.close());

const explain = (document: string, options: Partial<ExplainInput> = {}) =>
  explainOperation({
    supergraphSdl,
    planner,
    document,
    file: 'op.graphql',
    operationName: null,
    variables: null,
    ...options,
  });

async function explained(document: string, options: Partial<ExplainInput> = {}): Promise<Explanation> {
  const outcome = await explain(document, options);
  if (outcome.kind === 'invalid') throw new Error(JSON.stringify(outcome.findings));
  return outcome;
}

describe('An explanation', () => {
  it('shows which subgraph is asked for what, by which key, and what waits for what', async () => {
    const text = explanationAsText(
      await explained('query Mine { me { name notes(first: 2) { nodes { text stars } } } users { name } }'),
    );
    expect(text).toBe(`Plan of the query Mine: 3 subgraph requests, depth 3
one after the other
├─ people: query
│     {
│       me {
│         __typename
│         id
│         name
│       }
│       users {
│         name
│       }
│     }
├─ notes: User by { id } at me
│     {
│       notes(first: 2) {
│         nodes {
│           __typename
│           id
│           text
│         }
│       }
│     }
└─ stars: Note by { id text } at me.notes.nodes[]
      {
        stars
      }

Cost: 8
  4  me
  4  users

Needed of the caller
  Query.me: a signed-in caller
  User.notes: a tenant that is entitled to the feature notes.notes, or a tenant that is entitled to the product notes
`);
  });

  it('counts requests, depth and cost, and names the lists whose length nobody says', async () => {
    const { operation, size, cost } = await explained('mutation { rename(name: "x") { notes { nodes { id } } } }');
    expect({ operation, size, cost }).toEqual({
      operation: { kind: 'mutation', name: null },
      size: { fetches: 2, depth: 2 },
      cost: { total: 22, parts: [{ name: 'rename', cost: 12 }], assumed: ['User.notes'], assumedListSize: 10 },
    });
  });

  it('takes lengths and conditions from the variables', async () => {
    const document =
      'query ($n: Int, $with: Boolean!) { me { name notes(first: $n) @include(if: $with) { nodes { id } } } }';
    const without = await explained(document, { variables: { n: 3, with: false } });
    const all = await explained(document, { variables: { n: 3, with: true } });
    expect([without.size, without.cost.total, all.size, all.cost.total]).toEqual([
      { fetches: 1, depth: 1 },
      1,
      { fetches: 2, depth: 2 },
      5,
    ]);
  });

  it('says what each protected field needs, once, and nothing of those that are open', async () => {
    const { requirements } = await explained(
      '{ users { name email mail: email } me { ...U } } fragment U on User { email }',
    );
    expect(requirements.map(({ field, requires }) => [field, requires.map(requirementInWords)])).toEqual([
      [
        'User.email',
        ['the permission people:mail:read and the permission people:read, or the permission people:admin'],
      ],
      ['Query.me', ['a signed-in caller']],
    ]);
    expect((await explained('{ users { name } }')).requirements).toEqual([]);
  });

  it('is of an answer in one piece, whatever may be deferred', async () => {
    const { size } = await explained('{ me { ... @defer { notes(first: 1) { nodes { id } } } } }');
    expect(size).toEqual({ fetches: 2, depth: 2 });
  });

  it('says of what no subgraph is asked that the gateway answers it', async () => {
    const { plan, size, cost } = await explained('{ __schema { queryType { name } } }');
    expect([planAsTree(plan), size.fetches, cost.total]).toEqual([
      'no subgraph is asked: the gateway answers by itself\n',
      0,
      0,
    ]);
  });

  it('finds what is wrong with an operation, where it is wrong', async () => {
    expect(await explain('{\n  me {\n    nam\n  }\n  you\n}')).toMatchObject({
      kind: 'invalid',
      findings: [
        {
          code: 'GRAPHQL_VALIDATION_FAILED',
          severity: 'error',
          message: 'Cannot query field "nam" on type "User". Did you mean "name"?',
          place: { file: 'op.graphql', line: 3, column: 5 },
        },
        { code: 'GRAPHQL_VALIDATION_FAILED', place: { file: 'op.graphql', line: 5, column: 3 } },
      ],
    });
    expect(await explain('{ me {')).toMatchObject({
      findings: [{ code: 'GRAPHQL_PARSE_FAILED', place: { file: 'op.graphql', line: 1, column: 7 } }],
    });
    const unfit = await explain('query ($n: Int!) { me { notes(first: $n) { nodes { id } } } }', {
      variables: { n: 'x' },
    });
    expect(unfit).toMatchObject({ findings: [{ code: 'BAD_USER_INPUT', place: { line: 1, column: 8 } }] });
  });

  it("takes the weights and lengths that a product's schema gives, without a header of its own", async () => {
    const sdl = 'type Query { notes: [Note] @listSize(assumedSize: 7) } type Note @cost(weight: 3) { text: String }';
    const composed = composeSubgraphs([
      { name: 'notes', routingUrl: 'http://notes', file: '/notes', sdl, served: false },
    ]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    const loaded = await threads.load(composed.sdl);
    const { cost } = await explained('{ notes { text } }', { supergraphSdl: composed.sdl, planner: loaded });
    expect(cost.total).toBe(21);
  });

  it('is of the operation that is named', async () => {
    const document = 'query A { me { name } } query B { notes { text } }';
    expect((await explained(document, { operationName: 'B' })).operation).toEqual({ kind: 'query', name: 'B' });
    await expect(explain(document)).rejects.toThrow(
      new NoSuchOperation('Say by --operation which one to explain: the document holds A, B.'),
    );
    await expect(explain(document, { operationName: 'C' })).rejects.toThrow(
      new NoSuchOperation('There is no operation "C": the document holds A, B.'),
    );
    expect(await explain('fragment F on User { name }')).toMatchObject({ kind: 'invalid' });
  });
});

describe('A plan as a tree', () => {
  const fetch = (serviceName: string) =>
    ({ kind: 'Fetch', serviceName, operation: '{a}', operationKind: 'query' }) as const;

  it('has a branch for each side of a condition, for each part, and for the events of a subscription', () => {
    const plan: QueryPlan = {
      kind: 'QueryPlan',
      node: {
        kind: 'Subscription',
        primary: { ...fetch('a'), operationKind: 'subscription' },
        rest: {
          kind: 'Parallel',
          nodes: [
            { kind: 'Condition', condition: 'x', ifClause: fetch('b'), elseClause: fetch('c') },
            { kind: 'Condition', condition: 'y', elseClause: fetch('d') },
            {
              kind: 'Defer',
              primary: { node: fetch('e') },
              deferred: [{ depends: [], label: 'more', queryPath: [], node: fetch('f') }],
            },
            { kind: 'Flatten', path: ['list', '@', '@', 'item'], node: { kind: 'Sequence', nodes: [fetch('g')] } },
          ],
        },
      },
    };
    const titles = planAsTree(plan)
      .split('\n')
      .filter((line) => !/[{}]|^[│ ]*a$/.test(line));
    expect(titles).toEqual([
      'for each event',
      '├─ a: subscription',
      '└─ together',
      '   ├─ depending on $x',
      '   │  ├─ if $x',
      '   │  │  └─ b: query',
      '   │  └─ if not $x',
      '   │     └─ c: query',
      '   ├─ if not $y',
      '   │  └─ d: query',
      '   ├─ in parts',
      '   │  ├─ first',
      '   │  │  └─ e: query',
      '   │  └─ later more',
      '   │     └─ f: query',
      '   └─ at list[][].item',
      '      └─ one after the other',
      '         └─ g: query',
      '',
    ]);
  });

  it('has requirements that nobody and everybody meets in words, too', () => {
    expect(
      ([[], [[]], [['a'], []], [['audit:x']]] as const).map((anyOf) => requirementInWords({ kind: 'policies', anyOf })),
    ).toEqual(['what nobody has', 'nothing', 'nothing', 'the policy audit:x']);
  });
});
