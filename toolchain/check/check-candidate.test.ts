import type { RecordedOperation, RecordedUsage } from '@inevitable/contract';
import { describe, expect, it } from '@jest/globals';
import { composeSubgraphs } from '../compose/compose-subgraphs.js';
import type { Finding } from '../findings/finding.js';
import { checkCandidate, type CheckedSupergraph, type CheckInput } from './check-candidate.js';
import { operationsInTexts } from './operations-in-texts.js';
import { reportAsData } from './report-as-data.js';
import { reportAsText } from './report-as-text.js';

const PRODUCTS = `type Query {
  products(first: Int): [Product!]!
  shop: Shop
}

type Product @key(fields: "id") {
  id: ID!
  name: String
  price: Int
}

type Shop {
  title: String
}
`;

const REVIEWS = `type Product @key(fields: "id") {
  id: ID!
  reviews: [Review!]!
}

type Review @key(fields: "id") {
  id: ID!
  stars: Int
}
`;

const PRICES = `type Product @key(fields: "id") {
  id: ID!
  price: Int
}
`;

function supergraph(sdls: Readonly<Record<string, string>>): CheckedSupergraph {
  const subgraphs = Object.entries(sdls).map(([name, sdl]) => ({
    name,
    sdl,
    file: `/project/${name}.graphql`,
    routingUrl: `http://${name}.test/graphql`,
    served: false,
  }));
  const outcome = composeSubgraphs(subgraphs);
  if (outcome.kind === 'failed') throw new Error(outcome.findings.map(({ message }) => message).join('\n'));
  return { supergraphSdl: outcome.sdl, subgraphs };
}

const BASE = supergraph({ products: PRODUCTS, reviews: REVIEWS });

const recordedOperation = (document: string, more: Partial<RecordedOperation> = {}): RecordedOperation => ({
  signature: `${document.length}`.padStart(8, '0').padEnd(64, 'a'),
  operationName: /query (\w+)/.exec(document)?.[1] ?? null,
  document,
  inputs: [],
  count: 10,
  lastSeen: new Date('2026-11-20T10:00:00Z'),
  clients: [{ name: 'web', version: '1.2', plan: 'pro', count: 10 }],
  ...more,
});

const usageOf = (operations: readonly RecordedOperation[], leftOut: Date | null = null): RecordedUsage => ({
  async operations({ first, after }) {
    const sorted = operations.toSorted((left, right) => (left.signature < right.signature ? -1 : 1));
    return sorted.filter(({ signature }) => after === null || signature > after).slice(0, first);
  },
  since: async () => (operations.length === 0 ? null : new Date('2026-11-01T00:00:00Z')),
  leftOut: async () => leftOut,
});

const check = (
  candidate: CheckedSupergraph,
  operations: readonly RecordedOperation[],
  more: Partial<CheckInput> = {},
) =>
  checkCandidate({
    candidate,
    composition: [],
    base: BASE,
    usage: { recorded: usageOf(operations), days: 30, operations: [] },
    ...more,
  });

const withoutPrice = supergraph({ products: PRODUCTS.replace('  price: Int\n', ''), reviews: REVIEWS });
const pricesApart = supergraph({ products: PRODUCTS.replace('  price: Int\n', ''), reviews: REVIEWS, prices: PRICES });

const PRICE_LIST = 'query PriceList { products { id price } }';
const NAMES = 'query Names { products { name } }';
const REVIEWED = 'query Reviewed { products { reviews { stars } } }';

const NO_PLANS = { compared: true, planned: 0, untouched: 0, outOfTime: 0, regressions: [] };

describe('A report', () => {
  it('says everything of a change that breaks somebody', async () => {
    const priced = recordedOperation(PRICE_LIST, {
      clients: [
        { name: 'web', version: '1.2', plan: 'pro', count: 6 },
        { name: 'web', version: '1.2', plan: 'free', count: 3 },
        { name: null, version: null, plan: null, count: 1 },
      ],
    });
    const report = await check(withoutPrice, [priced, recordedOperation(NAMES)]);

    const operation = {
      name: 'PriceList',
      signature: priced.signature,
      place: null,
      count: 10,
      lastSeen: '2026-11-20T10:00:00.000Z',
    };
    const lastSeen = operation.lastSeen;
    const place = { file: 'products.graphql', line: 6, column: 6 };
    expect(reportAsData(report, '/project')).toEqual({
      format: 1,
      passed: false,
      verdict: 'Not passed: 1 change breaks operations that are in use.',
      findings: [
        {
          code: 'FIELD_REMOVED',
          severity: 'error',
          message: "Field 'price' was removed from object type 'Product'. 1 operation breaks.",
          subgraph: 'products',
          place,
          details: [
            'web 1.2 (plan free, pro): 9 requests, last seen 2026-11-20',
            'a client that does not say its name (no plan): 1 request, last seen 2026-11-20',
            'Operation "PriceList"',
          ],
          repair: 'Keep it, mark it @deprecated, and remove it when nobody uses it any more.',
        },
      ],
      changes: [
        {
          code: 'FIELD_REMOVED',
          coordinate: 'Product.price',
          criticality: 'breaking',
          severity: 'error',
          message: "Field 'price' was removed from object type 'Product'.",
          subgraph: 'products',
          place,
          affected: {
            count: 1,
            operations: [operation],
            clients: [
              { name: 'web', version: '1.2', plans: ['free', 'pro'], count: 9, lastSeen },
              { name: null, version: null, plans: [], count: 1, lastSeen },
            ],
          },
        },
      ],
      unexplained: [],
      access: [],
      usage: {
        operations: 2,
        recorded: 2,
        fromFiles: 0,
        days: 30,
        since: '2026-11-01T00:00:00.000Z',
        unknownUntil: null,
        leftOut: 0,
      },
      plans: { ...NO_PLANS, untouched: 1 },
    });
  });

  it('warns of a breaking change that nobody used', async () => {
    const { passed, verdict, findings } = await check(withoutPrice, [recordedOperation(NAMES)]);

    expect({ passed, verdict, told: findings.map(({ severity, message }) => [severity, message]) }).toEqual({
      passed: true,
      verdict: 'Passed: 1 change, judged by 1 operation of the last 30 days.',
      told: [
        [
          'warning',
          "Field 'price' was removed from object type 'Product'. None of 1 known operation of the last 30 days uses it.",
        ],
      ],
    });
  });

  it.each([
    ['nothing was recorded', usageOf([])],
    ['nobody is asked', null],
  ])('counts every breaking change as used where %s', async (_title, recorded) => {
    const report = await check(withoutPrice, [], { usage: { recorded, days: 30, operations: [] } });

    expect([report.passed, report.verdict, report.findings.map(({ message }) => message)]).toEqual([
      false,
      'Not passed: 1 breaking change, judged without use: no operation is known.',
      ["Field 'price' was removed from object type 'Product'. Nobody's use is known."],
    ]);
  });

  it('takes a breaking change for one in use where operations of its days could not be recorded, and says so', async () => {
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
    const names = [recordedOperation(NAMES)];
    const judged = (leftOut: Date) =>
      check(withoutPrice, names, { usage: { recorded: usageOf(names, leftOut), days: 30, operations: [] } });
    const leftOut = daysAgo(29);
    expect(await judged(leftOut)).toMatchObject({
      passed: false,
      verdict: 'Not passed: 1 breaking change, judged as if in use: there was no room to record all operations.',
      findings: [
        {
          code: 'FIELD_REMOVED',
          severity: 'error',
          message: `Field 'price' was removed from object type 'Product'. None of 1 known operation of the last 30 days uses it, but not all are known: there was no room to record some that were sent until ${leftOut.toISOString().slice(0, 10)}.`,
        },
      ],
      usage: { unknownUntil: leftOut.toISOString() },
    });
    expect(await judged(daysAgo(31))).toMatchObject({
      passed: true,
      findings: [{ code: 'FIELD_REMOVED', severity: 'warning' }],
      usage: { unknownUntil: null },
    });
  });

  it('is none where more was recorded than can be judged, and what to do is said', async () => {
    const document = `{ ${'x'.repeat(1_000_000)} }`;
    const many = Array.from({ length: 300 }, (_, at) => recordedOperation(document, { signature: `${at}` }));
    await expect(check(withoutPrice, many)).rejects.toThrow(
      'What was recorded in the last 30 days is more than 256 MB of operations, which is the most that can be judged: judge by fewer days, with --days.',
    );
  });

  it('hands through what the composer says', async () => {
    const composition: readonly Finding[] = [{ code: 'NO_QUERIES', severity: 'error', message: 'No queries found.' }];
    const failed = await checkCandidate({
      candidate: null,
      composition,
      base: BASE,
      usage: { recorded: usageOf([recordedOperation(NAMES)]), days: 30, operations: [] },
    });
    const hint: Finding = { code: 'UNUSED_ENUM_TYPE', severity: 'hint', message: 'Nobody uses it.' };
    const composed = await check(BASE, [], { composition: [hint] });

    expect(failed).toMatchObject({
      passed: false,
      verdict: 'The candidate does not compose: 1 error.',
      findings: composition,
      changes: [],
    });
    expect([composed.passed, composed.findings]).toEqual([true, [hint]]);
  });

  it('passes where there is nothing yet that could break', async () => {
    const { passed, verdict } = await check(withoutPrice, [], { base: null });

    expect([passed, verdict]).toEqual([true, 'The candidate composes, and there is nothing yet that it could break.']);
  });

  it('judges by every page of what was recorded', async () => {
    const many = Array.from({ length: 1_201 }, (_, at) =>
      recordedOperation(PRICE_LIST, { signature: `${at}`.padStart(64, '0') }),
    );
    const { usage, changes } = await check(withoutPrice, many, { planRegressions: 'off' });

    expect([usage.operations, changes[0]?.affected.count, changes[0]?.affected.operations.length]).toEqual([
      1_201, 1_201, 100,
    ]);
  });

  it('knows operations that are answered in parts', async () => {
    const deferred = recordedOperation('query Parts { products { id ... @defer { price } } }');
    const { changes, usage } = await check(withoutPrice, [deferred]);

    expect([changes[0]?.affected.operations.map(({ name }) => name), usage.leftOut]).toEqual([['Parts'], 0]);
  });

  it('leaves out what cannot be parsed and what was not valid before, and says how many', async () => {
    const { changes, usage } = await check(withoutPrice, [
      recordedOperation('query Broken {'),
      recordedOperation('query Odd { products { price nosuch } }'),
    ]);

    expect([changes.map(({ severity }) => severity), usage.operations, usage.leftOut]).toEqual([['warning'], 1, 2]);
  });

  it('points at operations of files, and warns of those that fit neither schema', async () => {
    const operations = operationsInTexts([
      { file: '/project/app.graphql', text: `${PRICE_LIST}\nquery Odd { nosuch }\nquery Fine { shop { title } }` },
    ]);
    const report = await check(withoutPrice, [], { usage: { recorded: null, days: 30, operations } });
    const { findings, usage } = reportAsData(report, '/project');

    expect(
      findings.map(({ severity, code, message, alsoAt, place }) => ({ severity, code, message, alsoAt, place })),
    ).toEqual([
      {
        severity: 'error',
        code: 'FIELD_REMOVED',
        message: "Field 'price' was removed from object type 'Product'. 1 operation breaks.",
        place: { file: 'products.graphql', line: 6, column: 6 },
        alsoAt: [{ file: 'app.graphql', line: 1, column: 1 }],
      },
      {
        severity: 'warning',
        code: 'OPERATION_NOT_VALID',
        message: 'Operation "Odd" is valid neither before nor after: Cannot query field "nosuch" on type "Query".',
        place: { file: 'app.graphql', line: 2, column: 1 },
        alsoAt: undefined,
      },
    ]);
    expect(usage).toEqual({
      operations: 3,
      recorded: 0,
      fromFiles: 3,
      days: 30,
      since: null,
      unknownUntil: null,
      leftOut: 1,
    });
  });
});

describe('A plan', () => {
  const worse = (name: string, document: string, count = 10) => ({
    name,
    signature: recordedOperation(document).signature,
    place: null,
    count,
    lastSeen: '2026-11-20T10:00:00.000Z',
    clients: [{ name: 'web', version: '1.2', plans: ['pro'], count: 10, lastSeen: '2026-11-20T10:00:00.000Z' }],
    before: { fetches: 1, depth: 1 },
    after: { fetches: 2, depth: 2 },
    reason: null,
  });
  const asked = [PRICE_LIST, NAMES, REVIEWED, 'query Title { shop { title } }'].map((document) =>
    recordedOperation(document),
  );

  it('that needs more requests is told with what it needed before; of what nothing changed none is made', async () => {
    const report = await check(pricesApart, asked);

    expect([report.passed, report.verdict]).toEqual([
      true,
      'Passed: the API schema does not change; 1 plan got worse.',
    ]);
    expect(report.plans).toEqual({
      compared: true,
      planned: 3, // Product has a new key in a new subgraph; Shop is as it was
      untouched: 1,
      outOfTime: 0,
      regressions: [worse('PriceList', PRICE_LIST)],
    });
    expect(report.findings).toEqual([
      {
        code: 'PLAN_REGRESSION',
        severity: 'warning',
        message: 'Operation "PriceList": its plan needs 2 requests, 2 of them one after another; before, 1 request.',
        details: ['web 1.2 (plan pro): 10 requests, last seen 2026-11-20'],
      },
    ]);
  });

  it("that got worse can be an error, or nobody's concern", async () => {
    const strict = await check(pricesApart, asked.slice(0, 1), { planRegressions: 'error' });
    const off = await check(pricesApart, asked.slice(0, 1), { planRegressions: 'off' });

    expect([strict.passed, strict.verdict]).toEqual([false, 'Not passed: 1 plan got worse.']);
    expect([off.passed, off.findings, off.plans]).toEqual([
      true,
      [],
      { compared: false, planned: 0, untouched: 0, outOfTime: 0, regressions: [] },
    ]);
  });

  it('is made once of operations that are written alike, and told of each', async () => {
    const again = recordedOperation('query PriceList {\n  products { id, price }\n}', {
      signature: 'b'.repeat(64),
      count: 3,
    });
    const { plans } = await check(pricesApart, [asked[0]!, again]);

    expect([plans.planned, plans.regressions.map(({ count }) => count)]).toEqual([1, [10, 3]]);
  });

  it('is not begun when time is up', async () => {
    const report = await check(pricesApart, asked, { longestPlanningMs: 0 });
    const { plans, passed, findings } = report;
    const text = await reportAsText(report, { colours: false, root: '/project' });

    expect([plans.planned, plans.outOfTime, passed]).toEqual([0, 3, true]);
    expect(findings).toEqual([
      {
        code: 'PLANS_LEFT_OUT',
        severity: 'hint',
        message: 'The plans of 3 operations were not compared: time was up after 0, the most used ones first.',
      },
    ]);
    expect(text).toBe(
      `Judged by 4 recorded operations of the last 30 days. Recorded since 2026-11-01. Plans of 0 operations compared. 3 rarer ones left out: time was up.
Passed: the API schema does not change.
`,
    );
  });

  it('is none where no operation needs a new one, and the report says so', async () => {
    const text = await reportAsText(await check(BASE, asked), { colours: false, root: '/project' });

    expect(text).toBe(
      `Judged by 4 recorded operations of the last 30 days. Recorded since 2026-11-01. No operation needed a new plan.
Passed: the API schema does not change.
`,
    );
  });
});

describe('Who may see what', () => {
  const GUARDS = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@authenticated", "@requiresScopes"])
`;
  const guarded = supergraph({
    products: `${GUARDS}${PRODUCTS.replace('price: Int', 'price: Int @requiresScopes(scopes: [["shop:prices:read"]])')}`,
    reviews: `${GUARDS}${REVIEWS.replace('type Review', 'type Review @authenticated')}`,
  });
  const asked = [recordedOperation(PRICE_LIST), recordedOperation(NAMES)];

  it('is told where it changed, though the schema clients see did not, and breaks nobody for certain', async () => {
    const report = await check(guarded, asked);
    const { passed, verdict, changes, access, findings } = reportAsData(report, '/project');

    const place = { file: 'products.graphql', line: 11, column: 3 };
    const message = "'Product.price' needs more of its callers than before: the permission shop:prices:read.";
    const hint = "'Review' needs more of its callers than before: a signed-in caller.";
    const lastSeen = '2026-11-20T10:00:00.000Z';
    expect([passed, verdict, changes]).toEqual([
      true,
      'Passed: the API schema does not change; 2 access requirements changed.',
      [],
    ]);
    expect(findings).toEqual([
      {
        code: 'ACCESS_REQUIREMENT_ADDED',
        severity: 'warning',
        message: `${message} 1 operation asks for it.`,
        subgraph: 'products',
        place,
        details: ['web 1.2 (plan pro): 10 requests, last seen 2026-11-20', 'Operation "PriceList"'],
        repair: 'See that its callers have what it needs before this is served.',
      },
      {
        code: 'ACCESS_REQUIREMENT_ADDED',
        severity: 'hint',
        message: `${hint} None of 2 known operations of the last 30 days asks for it.`,
        subgraph: 'reviews',
        place: { file: 'reviews.graphql', line: 8, column: 6 },
      },
    ]);
    expect(access[0]).toEqual({
      code: 'ACCESS_REQUIREMENT_ADDED',
      coordinate: 'Product.price',
      severity: 'warning',
      message,
      before: [],
      after: [{ kind: 'scopes', anyOf: [['shop:prices:read']] }],
      subgraph: 'products',
      place,
      affected: {
        count: 1,
        operations: [{ name: 'PriceList', signature: asked[0]!.signature, place: null, count: 10, lastSeen }],
        clients: [{ name: 'web', version: '1.2', plans: ['pro'], count: 10, lastSeen }],
      },
    });
    expect(await reportAsText(report, { colours: false, root: '/project' })).toBe(`Who may see what (2)
┌────────────────────────────────────────────────────────┬─────────────────────────────────────────────────────────┐
│ change                                                 │ who                                                     │
├────────────────────────────────────────────────────────┼─────────────────────────────────────────────────────────┤
│ 'Product.price' needs more of its callers than before: │ 1 operation asks for it.                                │
│ the permission shop:prices:read.                       │ web 1.2 (plan pro): 10 requests, last seen 2026-11-20   │
│ products.graphql:11:3                                  │ Operation "PriceList"                                   │
├────────────────────────────────────────────────────────┼─────────────────────────────────────────────────────────┤
│ 'Review' needs more of its callers than before: a      │ None of 2 known operations of the last 30 days asks for │
│ signed-in caller.                                      │ it.                                                     │
│ reviews.graphql:8:6                                    │                                                         │
└────────────────────────────────────────────────────────┴─────────────────────────────────────────────────────────┘

Judged by 2 recorded operations of the last 30 days. Recorded since 2026-11-01. No operation needed a new plan.
Passed: the API schema does not change; 2 access requirements changed.
`);
  });

  it('that becomes open is a warning, whoever uses it', async () => {
    const { passed, findings } = await check(BASE, [], { base: guarded });

    expect([passed, findings.map(({ severity, message, repair }) => [severity, message, repair])]).toEqual([
      true,
      [
        [
          'warning',
          "'Product.price' needs nothing of its callers any more. Before: the permission shop:prices:read. Nobody's use is known.",
          'If it is to stay closed, put back what it required.',
        ],
        [
          'warning',
          "'Review' needs nothing of its callers any more. Before: a signed-in caller. Nobody's use is known.",
          'If it is to stay closed, put back what it required.',
        ],
      ],
    ]);
  });
});

describe('A report as text', () => {
  it('is tables, worst first, and the verdict last', async () => {
    const candidate = supergraph({
      products: PRODUCTS.replace('  name: String\n', '')
        .replace('  price: Int\n', '')
        .replace('  title: String\n', '  title: String\n  since: Int\n'),
      reviews: REVIEWS,
      prices: PRICES,
    });
    const report = await check(candidate, [recordedOperation(PRICE_LIST), recordedOperation(NAMES)]);
    const text = await reportAsText(report, { colours: false, root: '/project' });

    expect(text).toBe(`Changes that break somebody (1)
┌──────────────────────────────────────────────────────┬───────────────────────────────────────────────────────┐
│ change                                               │ who                                                   │
├──────────────────────────────────────────────────────┼───────────────────────────────────────────────────────┤
│ Field 'name' was removed from object type 'Product'. │ 1 operation breaks.                                   │
│ products.graphql:6:6                                 │ web 1.2 (plan pro): 10 requests, last seen 2026-11-20 │
│                                                      │ Operation "Names"                                     │
└──────────────────────────────────────────────────────┴───────────────────────────────────────────────────────┘

Plans that got worse (1)
┌───────────────────────┬──────────┬──────────┬───────────────────────────────────────────────────────┐
│ operation             │ requests │ in a row │ who                                                   │
├───────────────────────┼──────────┼──────────┼───────────────────────────────────────────────────────┤
│ Operation "PriceList" │ 1 → 2    │ 1 → 2    │ web 1.2 (plan pro): 10 requests, last seen 2026-11-20 │
└───────────────────────┴──────────┴──────────┴───────────────────────────────────────────────────────┘

1 compatible change:
  Field 'since' was added to object type 'Shop'.

Judged by 2 recorded operations of the last 30 days. Recorded since 2026-11-01. Plans of 1 operation compared.
Not passed: 1 change breaks operations that are in use.
`);
  });
});
