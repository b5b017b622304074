import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlinePassed, SubgraphUnreachable, type RequestContext } from '@inevitable/contract';
import fc from 'fast-check';
import { buildSchema, parse, type ExecutionResult } from 'graphql';
import { pino } from 'pino';
import type { PlanNode } from '../planner/query-plan.js';
import { responseName } from '../test-support/client-operation-of.js';
import { entityFetch, fetch, flatten, parallel, planOf, sequence } from '../test-support/plan-nodes.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import type { SubgraphAnswer, SubgraphFetch, SubgraphTransport } from '../transports/subgraph-transport.js';
import { answerText } from './answer.js';
import { compilePlan, type PlannedOperation } from './compile-plan.js';
import { runPlan, type FetchMade, type RunParts } from './run-plan.js';
import { typeConditions } from './type-conditions.js';
import { writeAnswer } from './write-answer.js';

const SCHEMA = buildSchema(`
  type Query { books: [Book!] book: Book film: Film shop: Shop a: Int b: Int! }
  type Mutation { first: Int second: Int }
  type Book { id: ID! title: String price: Int needed: Int! author: Author related: [Book] tags: [Tag] }
  type Film { id: ID! title: String price: Int }
  type Author { id: ID! name: String born: Int }
  type Tag { name: String! }
  type Shop { id: ID! currency: String shelves: [Shelf] }
  type Shelf { book: Book }
`);
const TYPES = typeConditions(SCHEMA);

interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}
type Respond = (asked: Asked) => ExecutionResult | Promise<ExecutionResult>;
type Send = (fetch: SubgraphFetch) => Promise<SubgraphAnswer>;

const bytesOf = (text: string): SubgraphAnswer => ({ kind: 'bytes', bytes: Buffer.from(text), shared: false });

/** A subgraph that answers each request as told, and what it was asked. */
class FakeSubgraph implements SubgraphTransport {
  readonly name: string;
  readonly asked: Asked[] = [];
  readonly fetches: SubgraphFetch[] = [];
  readonly #send: Send;

  constructor(name: string, send: Send) {
    this.name = name;
    this.#send = send;
  }

  send(fetch: SubgraphFetch): Promise<SubgraphAnswer> {
    this.fetches.push(fetch);
    this.asked.push(JSON.parse(fetch.body) as Asked);
    return this.#send(fetch);
  }
}

const subgraph = (name: string, respond: Respond): FakeSubgraph =>
  new FakeSubgraph(name, async ({ body }) => bytesOf(JSON.stringify(await respond(JSON.parse(body) as Asked))));

/** Answers each list of entities with what `entity` makes of each representation. */
const entities = (name: string, entity: (representation: Representation) => object | null, delayMs = 0): FakeSubgraph =>
  subgraph(name, async ({ query, variables }) => {
    if (delayMs > 0) await later(delayMs);
    const lists = [...query.matchAll(/(?:(_e\d+):)?_entities\(representations:\$(\w+)\)/g)];
    const data = lists.map(([, alias = '_entities', variable]) => [
      alias,
      (variables[variable!] as Representation[]).map(entity),
    ]);
    return { data: Object.fromEntries(data) as Record<string, unknown> };
  });
interface Representation {
  readonly __typename: string;
  readonly id: string;
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Run {
  readonly planned?: Partial<PlannedOperation>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly context?: RequestContext;
  readonly parts?: Partial<RunParts>;
}

const logged: unknown[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(JSON.parse(line)) });

const fetchedBy = (query: string, node: PlanNode | null, subgraphs: readonly SubgraphTransport[], run: Run = {}) => {
  const compiled = compilePlan(
    {
      document: parse(query),
      operationName: null,
      plan: node ? planOf(node) : { kind: 'QueryPlan' },
      clientVariables: new Map(),
      plannedName: responseName,
      isDenied: null,
      ...run.planned,
    },
    new Map(),
    { schema: SCHEMA, types: TYPES, keys: () => [{ id: {} }], requiresInput: () => false, hidesTypes: false },
  );
  const transports = new Map(subgraphs.map((one) => [one.name, one]));
  const context = run.context ?? contextFor();
  const parts = { end: context.signal, transports, types: TYPES, log, ...run.parts };
  return { compiled, fetched: runPlan(compiled, run.variables ?? {}, context, parts) };
};

async function answerTo(...given: Parameters<typeof fetchedBy>): Promise<unknown> {
  const { compiled, fetched } = fetchedBy(...given);
  return JSON.parse(String(answerText(writeAnswer(compiled, await fetched, given[3]?.variables ?? {}))));
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  logged.length = 0;
  unhandled.length = 0;
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  jest.useRealTimers();
  await new Promise(setImmediate); // Node reports unhandled rejections once the microtasks are done
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

const unreachable = (...path: (string | number)[]) => ({
  message: 'A part of the stack did not answer.',
  path,
  extensions: { code: 'SUBGRAPH_UNREACHABLE', service: expect.any(String) },
});
const failed = (...path: (string | number)[]) => ({
  message: 'Something failed on our side.',
  path,
  extensions: { code: 'INTERNAL', service: expect.any(String) },
});

const BOOKS = [
  { __typename: 'Book', id: '1' },
  { __typename: 'Book', id: '2' },
  { __typename: 'Book', id: '1' },
];
const catalog = (data: object = { books: BOOKS, film: { __typename: 'Film', id: '1' } }) =>
  subgraph('catalog', () => ({ data: structuredClone(data) as Record<string, unknown> }));
const BOOK_KEY = '{ ... on Book { __typename id } }';

describe('Fetches of a plan', () => {
  const bothPrices = sequence(
    fetch('catalog', '{books{__typename id}film{__typename id}}'),
    parallel(
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
      flatten('film', entityFetch('prices', '{ ... on Film { __typename id } }', '{...on Film{price}}')),
    ),
  );

  it('that are ready together and go to one subgraph become one request, with every entity in it once', async () => {
    const prices = entities('prices', ({ __typename, id }) => ({
      price: Number(id) * (__typename === 'Film' ? 10 : 1),
    }));
    expect(await answerTo('{ books { price } film { price } }', bothPrices, [catalog(), prices])).toEqual({
      data: { books: [{ price: 1 }, { price: 2 }, { price: 1 }], film: { price: 10 } },
    });
    expect(prices.asked).toEqual([
      {
        query:
          'query($representations:[_Any!]!$representations_0:[_Any!]!){_e0:_entities(representations:$representations){...on Book{price}}_e1:_entities(representations:$representations_0){...on Film{price}}}',
        variables: { representations: [BOOKS[0], BOOKS[1]], representations_0: [{ __typename: 'Film', id: '1' }] },
      },
    ]);
  });

  it('that ask the same of different places ask together, and no two places share what came', async () => {
    const plan = sequence(
      fetch('catalog', '{books{__typename id}book{__typename id}}'),
      parallel(
        flatten('books.@', entityFetch('writers', BOOK_KEY, '{...on Book{author{__typename id}}}')),
        flatten('book', entityFetch('writers', BOOK_KEY, '{...on Book{author{__typename id}}}')),
      ),
      flatten('book.author', entityFetch('people', '{ ... on Author { __typename id } }', '{...on Author{name}}')),
    );
    const writers = entities('writers', ({ id }) => ({ author: { __typename: 'Author', id: `of ${id}` } }));
    const people = entities('people', () => ({ name: 'Ada' }));
    const given = catalog({ books: BOOKS.slice(0, 2), book: BOOKS[0] });
    const { fetched } = fetchedBy('{ books { author { name } } book { author { name } } }', plan, [
      given,
      writers,
      people,
    ]);
    const { data } = await fetched;
    expect(writers.asked.map(({ variables }) => variables)).toEqual([{ representations: BOOKS.slice(0, 2) }]);
    expect(data).toMatchObject({ book: { author: { name: 'Ada' } } });
    expect(JSON.stringify(data).match(/Ada/g)).toHaveLength(1); // only where it was asked for
  });

  it('that find nothing to ask for are left out', async () => {
    const prices = entities('prices', () => ({ price: 1 }));
    const none = catalog({ books: [], film: { __typename: 'Film', id: '1' } });
    await answerTo('{ books { price } film { price } }', bothPrices, [none, prices]);
    expect(prices.asked.map(({ query }) => query)).toEqual([
      'query($representations:[_Any!]!){_entities(representations:$representations){...on Film{price}}}',
    ]);
    const nothing = catalog({ books: null, film: null });
    expect(await answerTo('{ books { price } film { price } }', bothPrices, [nothing, prices])).toEqual({
      data: { books: null, film: null },
    });
    expect(prices.asked).toHaveLength(1);
  });

  it('are none where no subgraph is needed', async () => {
    expect(await answerTo('{ __typename }', null, [])).toEqual({ data: { __typename: 'Query' } });
  });

  it('of root fields are made each by itself, those of one subgraph too', async () => {
    const one = subgraph('catalog', ({ query }) => ({ data: query === '{a}' ? { a: 1 } : { b: 2 } }));
    const plan = parallel(fetch('catalog', '{a}'), fetch('catalog', '{b}'));
    expect(await answerTo('{ a b }', plan, [one])).toEqual({ data: { a: 1, b: 2 } });
  });

  it('of root fields, for places below the root, leave nothing that two places share', async () => {
    const plan = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', fetch('shops', '{shop{shelves{book{id}}}}')),
    );
    const shops = subgraph('shops', () => ({ data: { shop: { shelves: [{ book: { id: '3' } }] } } }));
    const { data } = await fetchedBy('{ books { id } }', plan, [catalog(), shops]).fetched;
    const { books } = data as { books: { shop: { shelves: object[] } }[] };
    expect(books.map(({ shop }) => shop)).toEqual(Array(3).fill({ shelves: [{ book: { id: '3' } }] }));
    expect(new Set(books.map(({ shop }) => shop)).size).toBe(3);
    expect(new Set(books.map(({ shop }) => shop.shelves[0])).size).toBe(3);
  });

  it('of one mutation are made one after the other', async () => {
    const order: string[] = [];
    const counting = subgraph('count', async ({ query }) => {
      order.push(`begin ${query}`);
      await Promise.resolve();
      order.push(`end ${query}`);
      return { data: { [query.includes('first') ? 'first' : 'second']: order.length } };
    });
    const plan = sequence(fetch('count', 'mutation{first}'), fetch('count', 'mutation{second}'));
    expect(await answerTo('mutation { first second }', plan, [counting])).toEqual({ data: { first: 2, second: 4 } });
    expect(order).toEqual([
      'begin mutation{first}',
      'end mutation{first}',
      'begin mutation{second}',
      'end mutation{second}',
    ]);
    expect(counting.fetches.map(({ kind }) => kind)).toEqual(['mutation', 'mutation']);
  });

  it('carry the variables they use, under the plan’s names for them, and none that the client did not give', async () => {
    const one = subgraph('catalog', () => ({ data: { a: 1 } }));
    const node = fetch('catalog', 'query($x__1:Int,$y:Int,$z:Int){a}', {
      variableUsages: ['x__1', 'y', 'z', 'toString'],
    });
    await answerTo('query ($x: Int) { a }', node, [one], {
      variables: { x: { deep: ['ü'] }, z: null, other: 3 },
      planned: { clientVariables: new Map([['x__1', 'x']]) },
    });
    expect(one.asked[0]!.variables).toEqual({ x__1: { deep: ['ü'] }, z: null });
  });

  it('go to the subgraph in its own words, and with the headers of extensions', async () => {
    const one = subgraph('catalog', () => ({ data: { a: 1 } }));
    await answerTo('{ a }', fetch('catalog', '{ a }'), [one], { parts: { headersFor: (name) => ({ 'x-for': name }) } });
    const [sent] = one.fetches;
    expect(sent!.headers).toEqual({ 'x-for': 'catalog' });
    expect(sent!.request()).toEqual(JSON.parse(sent!.body));
  });
});

describe('A fetch that nobody waits for', () => {
  const plan = sequence(
    fetch('catalog', '{books{__typename id}}'),
    parallel(
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
      sequence(
        flatten('books.@', entityFetch('writers', BOOK_KEY, '{...on Book{author{__typename id}}}')),
        flatten('books.@.author', entityFetch('prices', '{ ... on Author { __typename id } }', '{...on Author{born}}')),
      ),
    ),
  );
  const QUERY = '{ books { price author { born } } }';
  const prices = () =>
    entities('prices', ({ __typename }) => (__typename === 'Author' ? { born: 1815 } : { price: 5 }));
  const writers = (delayMs: number) =>
    entities('writers', ({ id }) => ({ author: { __typename: 'Author', id } }), delayMs);
  const expected = {
    data: {
      books: [
        { price: 5, author: { born: 1815 } },
        { price: 5, author: { born: 1815 } },
        { price: 5, author: { born: 1815 } },
      ],
    },
  };

  it('goes with the last request of its subgraph', async () => {
    const asked = prices();
    expect(await answerTo(QUERY, plan, [catalog(), asked, writers(0)])).toEqual(expected);
    expect(asked.asked).toHaveLength(1);
  });

  it('waits for a slow branch a twentieth of a second, and no longer', async () => {
    jest.useFakeTimers();
    const asked = prices();
    const answer = answerTo(QUERY, plan, [catalog(), asked, writers(1_000)]);
    await jest.advanceTimersByTimeAsync(49);
    expect(asked.asked).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(asked.asked.map(({ query }) => query.includes('price'))).toEqual([true]);
    await jest.advanceTimersByTimeAsync(950);
    expect(await answer).toEqual(expected);
    expect(asked.asked).toHaveLength(2);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits as long as the operation has taken so far where that is more', async () => {
    jest.useFakeTimers();
    const slow = subgraph('catalog', async () => {
      await later(300);
      return { data: { books: BOOKS } };
    });
    const asked = prices();
    const answer = answerTo(QUERY, plan, [slow, asked, writers(1_000)]);
    await jest.advanceTimersByTimeAsync(599);
    expect(asked.asked).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(asked.asked).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(700);
    expect(await answer).toEqual(expected);
  });

  it('leaves no timer behind where the slow branch comes in time', async () => {
    jest.useFakeTimers();
    const asked = prices();
    const answer = answerTo(QUERY, plan, [catalog(), asked, writers(20)]);
    await jest.advanceTimersByTimeAsync(20);
    expect(await answer).toEqual(expected);
    expect(asked.asked).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('Any plan', () => {
  const anyFetch = fc.record({ subgraph: fc.constantFrom('a', 'b', 'c'), delayMs: fc.constantFrom(0, 1, 30, 70, 500) });
  type Tree =
    | { readonly subgraph: string; readonly delayMs: number }
    | { readonly kind: 'Sequence' | 'Parallel'; readonly nodes: Tree[] };
  const { tree: anyTree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      anyFetch,
      fc.record({
        kind: fc.constantFrom('Sequence' as const, 'Parallel' as const),
        nodes: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      }),
    ),
  }));

  it('ends, each fetch made once, after all those it needs', async () => {
    jest.useFakeTimers();
    await fc.assert(
      fc.asyncProperty(anyTree, async (tree) => {
        let count = 0;
        const delays: number[] = [];
        const nodeOf = (one: Tree): PlanNode => {
          if ('kind' in one) return { kind: one.kind, nodes: one.nodes.map(nodeOf) };
          delays.push(one.delayMs);
          // Every other one asks for the same, so that some share a list of entities.
          return flatten(
            'book',
            entityFetch(one.subgraph, BOOK_KEY, `{...on Book{f${Math.floor(count++ / 2)}: price}}`),
          );
        };
        const plan = sequence(fetch('catalog', '{book{__typename id}}'), nodeOf(tree));
        const slow = (name: string) =>
          subgraph(name, async ({ query }) => {
            const fields = [...query.matchAll(/f(\d+):/g)].map(([, field]) => Number(field));
            await later(Math.max(...fields.map((field) => delays[field * 2]!)));
            const aliases = [...query.matchAll(/(_e\d+):/g)].map(([, alias]) => alias!);
            return {
              data: Object.fromEntries((aliases.length ? aliases : ['_entities']).map((alias) => [alias, [{}]])),
            };
          });
        const made: FetchMade[] = [];
        const all = [catalog({ book: BOOKS[0] }), slow('a'), slow('b'), slow('c')];
        const { compiled, fetched } = fetchedBy('{ book { price } }', plan, all, {
          parts: { onFetch: (one) => void made.push(one) },
          context: contextFor({ deadline: Infinity }),
        });
        await jest.advanceTimersByTimeAsync(count * 1_000);
        expect((await fetched).errors).toEqual([]);
        expect(jest.getTimerCount()).toBe(0);

        const requestOf = compiled.steps.map((_, index) => made.filter(({ steps }) => steps.includes(index)));
        for (const { step } of compiled.steps) {
          const [request, ...more] = requestOf[step.index]!;
          expect(more).toEqual([]);
          for (const needed of step.after) {
            const { startMs, durationMs } = requestOf[needed]![0]!;
            expect(request!.startMs).toBeGreaterThanOrEqual(startMs + durationMs);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('A fetch that fails', () => {
  const plan = sequence(
    fetch('catalog', '{books{__typename id}}'),
    parallel(
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price needed}}')),
      flatten('books.@', entityFetch('writers', BOOK_KEY, '{...on Book{author{__typename id}}}')),
    ),
    flatten('books.@.author', entityFetch('people', '{ ... on Author { __typename id } }', '{...on Author{name}}')),
  );
  const writers = () => entities('writers', ({ id }) => ({ author: { __typename: 'Author', id } }));
  const people = () => entities('people', ({ id }) => ({ name: `Ada ${id}` }));
  const gone = (name: string) =>
    new FakeSubgraph(name, () => Promise.reject(new SubgraphUnreachable(name, new Error('ECONNREFUSED'))));

  it('leaves the rest, and is reported once for each place that the client asked for', async () => {
    const two = catalog({ books: BOOKS.slice(0, 2) });
    const all = [two, gone('prices'), writers(), people()];
    expect(
      await answerTo('{ books { cost: price author { name } } }', plan, all, {
        planned: { plannedName: ({ name }) => name.value },
      }),
    ).toEqual({
      data: {
        books: [
          { cost: null, author: { name: 'Ada 1' } },
          { cost: null, author: { name: 'Ada 2' } },
        ],
      },
      errors: [
        unreachable('books', 0, 'cost'),
        unreachable('books', 0),
        unreachable('books', 1, 'cost'),
        unreachable('books', 1),
      ],
    });
    expect(logged).toHaveLength(1);
  });

  it('explains the nulls it leaves behind, wherever they travel', async () => {
    const all = [catalog({ books: BOOKS.slice(0, 1) }), gone('prices'), writers(), people()];
    expect(await answerTo('{ books { needed author { name } } }', plan, all)).toEqual({
      data: { books: null },
      errors: [unreachable('books', 0), unreachable('books', 0, 'needed')],
    });
  });

  it('leaves alone what waited for it, which is not asked and not reported again', async () => {
    const asked = people();
    const all = [
      catalog({ books: BOOKS.slice(0, 1) }),
      entities('prices', () => ({ price: 1 })),
      gone('writers'),
      asked,
    ];
    expect(await answerTo('{ books { price author { name } } }', plan, all)).toEqual({
      data: { books: [{ price: 1, author: null }] },
      errors: [unreachable('books', 0, 'author')],
    });
    expect(asked.asked).toEqual([]);
  });

  it('is reported at ten places at most, and a null anywhere among the others is explained all the same', async () => {
    const many = catalog({ books: Array.from({ length: 50 }, (_, id) => ({ __typename: 'Book', id })) });
    const answer = (await answerTo('{ books { author { name } } }', plan, [
      many,
      gone('prices'),
      gone('writers'),
      people(),
    ])) as {
      errors: unknown[];
    };
    expect(answer.errors).toHaveLength(20); // two fetches
  });

  it('asks nothing more once the deadline has passed, or the client has left', async () => {
    const left = new AbortController();
    left.abort(new Error('The client left.'));
    const late = contextFor({ deadline: Date.now() });
    const one = catalog();
    const all = [one, gone('prices'), writers(), people()];
    expect(await answerTo('{ books { price } }', plan, all, { context: late })).toEqual({
      data: { books: null },
      errors: [
        { message: 'The answer took too long.', path: ['books'], extensions: { code: 'TIMEOUT', service: 'catalog' } },
      ],
    });
    logged.length = 0;
    await answerTo('{ books { price } }', plan, all, { context: contextFor({ signal: left.signal }) });
    expect(one.asked).toEqual([]);
    expect(logged).toEqual([]); // that a client leaves is nobody's failure
  });

  it('tells the client that time ran out, not what was waited for', async () => {
    const slow = new FakeSubgraph('catalog', () => Promise.reject(new DeadlinePassed('catalog took 3 s')));
    expect(await answerTo('{ books { id } }', plan, [slow, gone('prices'), writers(), people()])).toMatchObject({
      errors: [{ message: 'The answer took too long.', path: ['books'] }],
    });
  });
});

describe('Errors of a subgraph', () => {
  const told = (path: unknown, message = 'Sold out.') =>
    ({ message, ...(path !== undefined && { path }), extensions: { code: 'SOLD_OUT' } }) as never;
  const shown = (...path: (string | number)[]) => ({
    message: 'Sold out.',
    ...(path.length > 0 && { path }),
    extensions: { code: 'SOLD_OUT', service: expect.any(String) },
  });
  const plan = sequence(
    fetch('catalog', '{books{__typename id}film{__typename id}}'),
    parallel(
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price needed tags{name}}}')),
      flatten('film', entityFetch('prices', '{ ... on Film { __typename id } }', '{...on Film{price}}')),
    ),
  );

  it('keep their paths, under the client’s names, at every place of the entity', async () => {
    const prices = subgraph('prices', () => ({
      data: {
        _e0: [
          { price: null, tags: [] },
          { price: 2, tags: [{ name: 'x' }, null] },
        ],
        _e1: [{ price: null }],
      },
      errors: [told(['_e0', 0, 'price']), told(['_e0', 1, 'tags', 1, 'name']), told(['_e1', 0, 'price'])],
    }));
    expect(
      await answerTo(
        '{ books { cost: price labels: tags { label: name } } film { price } }',
        plan,
        [catalog(), prices],
        {
          planned: { plannedName: ({ name }) => name.value },
        },
      ),
    ).toEqual({
      data: {
        books: [
          { cost: null, labels: [] },
          { cost: 2, labels: [{ label: 'x' }, null] },
          { cost: null, labels: [] },
        ],
        film: { price: null },
      },
      errors: [
        shown('books', 0, 'cost'),
        shown('books', 2, 'cost'),
        shown('books', 1, 'labels', 1, 'label'),
        shown('film', 'price'),
      ],
    });
  });

  it('about fields that the plan renamed come back under their own names', async () => {
    const renaming = {
      outputRewrites: [
        { kind: 'KeyRenamer' as const, path: ['... on Book', 'tags', 'name__alias_0'], renameKeyTo: 'name' },
      ],
    };
    const nodes = sequence(
      fetch('catalog', '{shelf__alias_1:books{__typename id}}', {
        outputRewrites: [{ kind: 'KeyRenamer', path: ['shelf__alias_1'], renameKeyTo: 'books' }],
      }),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{tags{name__alias_0:name}}}', renaming)),
    );
    const given = subgraph('catalog', () => ({
      data: { shelf__alias_1: [{ __typename: 'Book', id: '1' }, null] },
      errors: [told(['shelf__alias_1', 1])],
    }));
    const prices = subgraph('prices', () => ({
      data: { _entities: [{ tags: [{ name__alias_0: 'x' }, { name__alias_0: null }] }] },
      errors: [told(['_entities', 0, 'tags', 1, 'name__alias_0'])],
    }));
    expect(await answerTo('{ books { tags { name } } }', nodes, [given, prices])).toEqual({
      data: { books: null },
      errors: [shown('books', 1), shown('books', 0, 'tags', 1, 'name')],
    });
  });

  it('without a path, or with one that leads nowhere, concern all that was asked for', async () => {
    const query = '{ books { price } film { price } }';
    const one = catalog({ books: BOOKS.slice(0, 1), film: { __typename: 'Film', id: '1' } });
    for (const path of [undefined, [], ['other'], ['_e9', 0], 'price', null]) {
      const prices = subgraph('prices', () => ({ data: null, errors: [told(path)] }));
      expect(await answerTo(query, plan, [one, prices])).toEqual({
        data: { books: [{ price: null }], film: { price: null } },
        errors: [shown('books', 0, 'price'), shown('books', 0), shown('film', 'price')],
      });
    }
  });

  it('about one list of entities concern the places of that list', async () => {
    const prices = subgraph(
      'prices',
      () => ({ data: { _e0: null, _e1: [{ price: 3 }] }, errors: [told(['_e0'])] }) as never,
    );
    const one = catalog({ books: BOOKS.slice(0, 1), film: { __typename: 'Film', id: '1' } });
    expect(await answerTo('{ books { price } film { price } }', plan, [one, prices])).toEqual({
      data: { books: [{ price: null }], film: { price: 3 } },
      errors: [shown('books', 0, 'price'), shown('books', 0)],
    });
  });

  it('about an entity nobody asked for are said all the same, of no place', async () => {
    const prices = subgraph('prices', () => ({
      data: { _e0: [{ price: 1 }, { price: 2 }], _e1: [{ price: 3 }] },
      errors: [told(['_e0', 7])],
    }));
    expect(await answerTo('{ books { price } film { price } }', plan, [catalog(), prices])).toMatchObject({
      data: { film: { price: 3 } },
      errors: [shown()],
    });
  });

  it('about one list of entities concern every place where that left the subgraph without data', async () => {
    const prices = subgraph('prices', () => ({ data: null, errors: [told(['_e0'])] }));
    const one = catalog({ books: BOOKS.slice(0, 1), film: { __typename: 'Film', id: '1' } });
    expect(await answerTo('{ books { price } film { price } }', plan, [one, prices])).toEqual({
      data: { books: [{ price: null }], film: { price: null } },
      errors: [shown('books', 0, 'price'), shown('books', 0), shown('film', 'price')],
    });
  });

  it('explain every field of an entity that is missing, and no other null', async () => {
    const nodes = sequence(
      fetch('catalog', '{book{related{__typename id}}}'),
      flatten('book.related.@', entityFetch('prices', BOOK_KEY, '{...on Book{price needed}}')),
    );
    let data: Record<string, unknown> | null = { _entities: [null, { price: 2, needed: null }] };
    const prices = subgraph('prices', () => ({ data, errors: [told(['_entities', 0, 'price'])] }));
    const two = catalog({ book: { related: BOOKS.slice(0, 2) } });
    expect(await answerTo('{ book { related { price needed } } }', nodes, [two, prices])).toEqual({
      data: { book: { related: [null, null] } },
      errors: [
        shown('book', 'related', 0, 'price'),
        {
          message: 'Cannot return null for non-nullable field Book.needed.',
          path: ['book', 'related', 1, 'needed'],
          extensions: { code: 'INTERNAL' },
        },
      ],
    });

    data = null;
    expect(await answerTo('{ book { related { price needed } } }', nodes, [two, prices])).toEqual({
      data: { book: { related: [null, null] } },
      errors: [shown('book', 'related', 0, 'price')],
    });
  });

  it('that say the same of the same place are one', async () => {
    const one = subgraph('catalog', () => ({
      data: { a: null },
      errors: [told(['a']), told(['a']), told(['a'], 'Closed.')],
    }));
    expect(await answerTo('{ a }', fetch('catalog', '{a}'), [one])).toEqual({
      data: { a: null },
      errors: [shown('a'), { ...shown('a'), message: 'Closed.' }],
    });
  });
});

describe('A list of very many entities', () => {
  // Looking for the places of each by walking the whole list again takes minutes.
  it('is answered soon, also when each of them has failed', async () => {
    const plan = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
    );
    const books = Array.from({ length: 60_000 }, (_, id) => ({ __typename: 'Book', id }));
    const sold = (_: unknown, index: number) =>
      ({ message: 'Sold out.', path: ['_entities', index, 'price'], extensions: { code: 'SOLD_OUT' } }) as never;
    const prices = subgraph('prices', () => ({ data: { _entities: books.map(() => null) }, errors: books.map(sold) }));
    const { errors } = (await answerTo('{ books { price } }', plan, [catalog({ books }), prices])) as {
      errors: unknown[];
    };
    expect(errors).toHaveLength(200);
    expect(errors[199]).toMatchObject({ path: ['books', 199, 'price'] });
  });

  // Every error concerns every place.
  it('is answered soon, also when very many errors have no path', async () => {
    const plan = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
    );
    const books = Array.from({ length: 20_000 }, (_, id) => ({ __typename: 'Book', id }));
    const sold = books.map(({ id }) => ({ message: `Sold ${id}.`, extensions: { code: 'SOLD_OUT' } }) as never);
    const prices = subgraph('prices', () => ({ data: null, errors: sold }));
    const { errors } = (await answerTo('{ books { price } }', plan, [catalog({ books }), prices])) as {
      errors: unknown[];
    };
    expect(errors).toHaveLength(200);
    expect(errors[199]).toMatchObject({ message: 'Sold 19.', path: ['books', 9, 'price'] });
  });
});

describe('An entity that a subgraph does not know', () => {
  it('is null without an error where it may be', async () => {
    const plan = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
    );
    const prices = entities('prices', ({ id }) => (id === '1' ? null : { price: 2 }));
    expect(await answerTo('{ books { price } }', plan, [catalog(), prices])).toEqual({
      data: { books: [{ price: null }, { price: 2 }, { price: null }] },
    });
  });

  it('is an error where it may not be null, whatever the subgraph says of entities that nobody asked for', async () => {
    const plan = sequence(
      fetch('catalog', '{book{__typename id}}'),
      flatten('book', entityFetch('prices', BOOK_KEY, '{...on Book{needed}}')),
    );
    const beyond = { message: 'Unknown.', path: ['_entities', 7], extensions: { code: 'UNKNOWN' } } as never;
    const prices = subgraph('prices', () => ({ data: { _entities: [{ needed: null }] }, errors: [beyond] }));
    expect(await answerTo('{ book { needed } }', plan, [catalog({ book: BOOKS[0] }), prices])).toEqual({
      data: { book: null },
      errors: [
        { message: 'Unknown.', extensions: { code: 'UNKNOWN', service: 'prices' } },
        {
          message: 'Cannot return null for non-nullable field Book.needed.',
          path: ['book', 'needed'],
          extensions: { code: 'INTERNAL' },
        },
      ],
    });
  });

  it('is an error where it may not be null', async () => {
    const plan = sequence(
      fetch('catalog', '{book{__typename id}}'),
      flatten('book', entityFetch('prices', BOOK_KEY, '{...on Book{needed}}')),
    );
    const all = [catalog({ book: BOOKS[0] }), entities('prices', () => null)];
    expect(await answerTo('{ book { needed } }', plan, all)).toMatchObject({
      data: { book: null },
      errors: [{ message: 'Cannot return null for non-nullable field Book.needed.', path: ['book', 'needed'] }],
    });
  });
});

describe('A value from above (@fromContext)', () => {
  const plan = sequence(
    fetch('catalog', '{shop{__typename id currency shelves{book{__typename id}}}}'),
    flatten(
      'shop.shelves.@.book',
      entityFetch('prices', BOOK_KEY, '{...on Book{price(currency:$currency)}}', {
        operation:
          'query($representations:[_Any!]!,$currency:String){_entities(representations:$representations){...on Book{price(currency:$currency)}}}',
        variableUsages: ['currency'],
        contextRewrites: [{ kind: 'KeyRenamer', path: ['..', 'currency'], renameKeyTo: 'currency' }],
      }),
    ),
  );
  const shelf = (currency: string | null | undefined, id: string) => ({
    ...(currency !== undefined && { currency }),
    book: { __typename: 'Book', id },
  });

  it('goes with the entities below it, those with another value apart', async () => {
    const shelves = [shelf('EUR', '1'), shelf('USD', '2'), shelf('EUR', '2'), shelf('EUR', '1'), shelf(null, '1')];
    const prices = entities('prices', ({ id }) => ({ price: Number(id) }));
    expect(
      await answerTo('{ shop { shelves { book { price } } } }', plan, [catalog({ shop: { shelves } }), prices]),
    ).toEqual({
      data: { shop: { shelves: [1, 2, 2, 1, 1].map((price) => ({ book: { price } })) } },
    });
    const [{ query, variables }] = prices.asked as [Asked];
    const book = (id: string) => ({ __typename: 'Book', id });
    const parts = [...query.matchAll(/representations:\$(\w+)\)\{\.\.\.on Book\{price\(currency:\$(\w+)\)/g)];
    expect(parts.map(([, list, value]) => [variables[list!], variables[value!]])).toEqual([
      [[book('1'), book('2')], 'EUR'],
      [[book('2')], 'USD'],
      [[book('1')], null],
    ]);
    expect(prices.asked).toHaveLength(1);
  });

  it('leaves few requests behind, however many values the answers of one plan had', async () => {
    let count = 0;
    const shops = subgraph('catalog', () => ({
      data: { shop: { shelves: Array.from({ length: ++count }, (_, at) => shelf(`${at}`, '1')) } },
    }));
    const prices = entities('prices', () => ({ price: 1 }));
    const { compiled } = fetchedBy('{ shop { id } }', plan, [shops, prices]);
    const context = contextFor();
    const transports = new Map([shops, prices].map((one) => [one.name, one]));
    while (count < 100) await runPlan(compiled, {}, context, { end: context.signal, transports, types: TYPES, log });
    expect(prices.asked.at(-1)!.query).toContain('_e99:');
    for (const { requests } of compiled.companions) expect(requests.size).toBeLessThanOrEqual(32);
  });

  it('is left to its default where there is none', async () => {
    const prices = entities('prices', () => ({ price: 1 }));
    const given = catalog({ shop: { shelves: [shelf(undefined, '1')] } });
    await answerTo('{ shop { shelves { book { price } } } }', plan, [given, prices]);
    expect(prices.asked[0]!.variables).toEqual({ representations: [{ __typename: 'Book', id: '1' }] });
  });
});

describe('A subgraph that answers what is no answer', () => {
  const plan = parallel(fetch('good', '{a}'), fetch('bad', '{b}'));
  const good = () => subgraph('good', () => ({ data: { a: 1 } }));
  const bad: [string, (fetch: SubgraphFetch) => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('A bug.');
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['is no promise', () => undefined],
    ['is nothing', () => Promise.resolve(undefined)],
    ['is null', () => Promise.resolve(null)],
    ['is of no kind', () => Promise.resolve({})],
    ['has no bytes', () => Promise.resolve({ kind: 'bytes' })],
    ['is empty', () => Promise.resolve(bytesOf(''))],
    ['is no JSON', () => Promise.resolve(bytesOf('<html>'))],
    ['is cut off', () => Promise.resolve(bytesOf('{"data":{"b"'))],
    ['is no response', () => Promise.resolve(bytesOf('[]'))],
    ['has neither data nor errors', () => Promise.resolve(bytesOf('{"data":null}'))],
    ['has no result', () => Promise.resolve({ kind: 'result' })],
    ['has a result of nothing', () => Promise.resolve({ kind: 'result', result: {} })],
    [
      'has a result without data and errors',
      () => Promise.resolve({ kind: 'result', result: { data: null, errors: [] } }),
    ],
    ['has a result that is no object', () => Promise.resolve({ kind: 'result', result: { data: 5 } })],
    ['has errors that are none', () => Promise.resolve({ kind: 'result', result: { errors: [undefined] } })],
  ];

  it.each(bad)('ends the operation with an error: its answer %s', async (what, send) => {
    const made: FetchMade[] = [];
    const answer = (await answerTo('{ a b }', plan, [good(), new FakeSubgraph('bad', send as Send)], {
      parts: { onFetch: (fetch) => void made.push(fetch) },
    })) as { data: unknown; errors: object[] };
    expect(answer.data).toBeNull(); // Query.b allows no null
    expect(answer.errors).toEqual([
      { message: expect.any(String), path: ['b'], extensions: { code: expect.any(String), service: 'bad' } },
    ]);
    const couldBeSent = what !== 'throws' && what !== 'is no promise';
    expect(made.flatMap((one) => (one.subgraph === 'bad' ? [one.failed] : []))).toEqual(couldBeSent ? [true] : []);
    expect(logged).not.toEqual([]);
  });

  it.each(bad)(
    'leaves the other fetches alone, and those that wait are done: its entities’ answer %s',
    async (_what, send) => {
      const nodes = sequence(
        fetch('catalog', '{books{__typename id}}'),
        parallel(
          flatten('books.@', entityFetch('bad', BOOK_KEY, '{...on Book{author{__typename id}}}')),
          flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
        ),
        flatten('books.@.author', entityFetch('people', '{ ... on Author { __typename id } }', '{...on Author{name}}')),
        fetch('good', '{a}'),
      );
      const prices = entities('prices', () => ({ price: 1 }));
      const all = [
        catalog({ books: BOOKS.slice(0, 1) }),
        new FakeSubgraph('bad', send as Send),
        prices,
        entities('people', () => ({})),
        good(),
      ];
      const { data, errors } = (await answerTo('{ books { price author { name } } a }', nodes, all)) as {
        data: unknown;
        errors: { path: unknown }[];
      };
      expect(data).toEqual({ books: [{ price: 1, author: null }], a: 1 });
      expect(errors.map(({ path }) => path)).toEqual([['books', 0, 'author']]);
    },
  );

  it.each([
    ['too few', { _entities: [{ price: 1 }] }],
    ['too many', { _entities: [{ price: 1 }, { price: 2 }, { price: 3 }] }],
    ['none', {}],
    ['an object', { _entities: { length: 2 } }],
  ])('is told from one that answers the entities it was asked for: %s', async (_what, data) => {
    const nodes = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
    );
    const one = catalog({ books: BOOKS.slice(0, 2) });
    expect(await answerTo('{ books { price } }', nodes, [one, subgraph('prices', () => ({ data }))])).toEqual({
      data: { books: [{ price: null }, { price: null }] },
      errors: [failed('books', 0, 'price'), failed('books', 1, 'price')],
    });
  });

  it('does not exist, but is asked', async () => {
    expect(await answerTo('{ a b }', plan, [good()])).toEqual({ data: null, errors: [failed('b')] });
    expect(logged).toEqual([
      expect.objectContaining({ err: expect.objectContaining({ message: 'There is no subgraph "bad" to ask.' }) }),
    ]);
  });

  it('is asked while an extension fails', async () => {
    const headersFor = (name: string) => {
      if (name === 'bad') throw new Error('A bug.');
      return {};
    };
    expect(
      await answerTo('{ a }', parallel(fetch('good', '{a}'), fetch('bad', '{b}')), [good(), good()], {
        parts: { headersFor },
      }),
    ).toMatchObject({
      data: { a: 1 },
    });
  });
});

describe('The only fetch of a plan', () => {
  const plan = fetch('catalog', '{a book{id title}}');
  const QUERY = '{ a book { id title } }';
  const title = 'long'.repeat(300_000); // worth a recognizer at once
  const text = `{"data":{"a":1,"book":{"id":"1","title":"${title}"}}}`;

  it('has its bytes passed on where they are the answer already', async () => {
    const bytes = bytesOf(text);
    const { compiled, fetched } = fetchedBy(QUERY, plan, [new FakeSubgraph('catalog', () => Promise.resolve(bytes))]);
    const { passedThrough } = await fetched;
    expect(passedThrough?.bytes).toBe(bytes.kind === 'bytes' && bytes.bytes);
    expect(String(answerText(writeAnswer(compiled, await fetched, {})))).toBe(text);
  });

  it('has them read where the plan rewrites them', async () => {
    const rewrites = { outputRewrites: [{ kind: 'KeyRenamer' as const, path: ['a'], renameKeyTo: 'c' }] };
    const node = fetch('catalog', '{a book{id title}}', rewrites);
    const { fetched } = fetchedBy(QUERY, node, [new FakeSubgraph('catalog', () => Promise.resolve(bytesOf(text)))]);
    expect(await fetched).toMatchObject({ passedThrough: null, data: { c: 1 } });
  });

  it('has them read where they are not', async () => {
    const { fetched } = fetchedBy(QUERY, plan, [
      new FakeSubgraph('catalog', () => Promise.resolve(bytesOf(` ${text}`))),
    ]);
    expect(await fetched).toMatchObject({ passedThrough: null, data: { a: 1, book: { id: '1', title } } });
  });
});

describe('Every request', () => {
  it('is told of once, with its size, its places and how many entities were asked for', async () => {
    const made: FetchMade[] = [];
    const plan = sequence(
      fetch('catalog', '{books{__typename id}}'),
      flatten('books.@', entityFetch('prices', BOOK_KEY, '{...on Book{price}}')),
    );
    const prices = entities('prices', () => ({ price: 1 }));
    const one = catalog({ books: BOOKS });
    await answerTo('{ books { price } }', plan, [one, prices], {
      parts: { onFetch: (fetch) => void made.push(fetch) },
    });
    const times = { startMs: expect.any(Number), durationMs: expect.any(Number), failed: false, shared: false };
    expect(made).toEqual([
      {
        ...times,
        subgraph: 'catalog',
        steps: [0],
        places: 0,
        entities: 0,
        types: [],
        requestBytes: Buffer.byteLength(one.fetches[0]!.body),
        responseBytes: JSON.stringify({ data: { books: BOOKS } }).length,
      },
      {
        ...times,
        subgraph: 'prices',
        steps: [1],
        places: 3,
        entities: 2,
        types: [{ type: 'Book', entities: 2 }],
        requestBytes: Buffer.byteLength(prices.fetches[0]!.body),
        responseBytes: '{"data":{"_entities":[{"price":1},{"price":1}]}}'.length,
      },
    ]);
  });
});
