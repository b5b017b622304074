import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { DeadlinePassed } from '@inevitable/contract';
import { pino } from 'pino';
import { startPlannerThreads } from '../../planner/planner-threads.js';
import { RequestFacts } from '../../routing/request-facts.js';
import { gate } from '../../test-support/gate.js';
import { openGraph, type OpenGraph } from '../../test-support/open-graph.js';
import { handles, inProcess, supergraphOf } from '../../test-support/test-subgraphs.js';
import type { IncrementalSpec, ReceivedOperation } from '../../pipeline/receive.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';
const USERS = `${LINK}
type Query { me: User  users: [User!]!  maybe: [User]  plain: Plain }
type Mutation { rename: User }
type Plain { x: Int  y: Int }
type User @key(fields: "id") { id: ID!  name: String!  slow: String  strict: String!  friend: User }`;
const POSTS = `${LINK}
type Query { allPosts: [Post!] }
type User @key(fields: "id") { id: ID!  posts: [Post!]  must: String! }
type Post @key(fields: "id") { id: ID!  text: String!  author: User! }`;
const SDL = supergraphOf({ users: USERS, posts: POSTS });

const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
const graphs: OpenGraph[] = [];
afterEach(async () => {
  for (const graph of graphs.splice(0)) await graph.close();
});
afterAll(() => planners.close());

/** Everything that waits for nothing outside has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
}

interface Behaviour {
  readonly slow?: () => unknown;
  readonly posts?: (id: string) => unknown;
  readonly strict?: (id: string) => unknown;
  readonly must?: (id: string) => unknown;
  /** How many users there may be. */
  readonly count?: number;
  readonly postsAreDown?: boolean;
}

async function graphWith(
  {
    slow = () => 'slow',
    posts,
    strict = () => 'strict',
    must = () => 'must',
    count = 2,
    postsAreDown = false,
  }: Behaviour = {},
  sdl = SDL,
): Promise<OpenGraph> {
  const user = (id: string): object => ({
    __typename: 'User',
    id,
    name: `name ${id}`,
    slow,
    strict: () => strict(id),
    friend: () => user(`f${id}`),
  });
  const users = inProcess(
    'users',
    USERS,
    () => ({
      me: user('1'),
      users: [user('1'), user('2')],
      maybe: Array.from({ length: count }, (_, at) => user(String(at + 1))),
      plain: { x: 1, y: 2 },
      rename: user('1'),
    }),
    ({ id }) => user(String(id)),
  );
  const post = (id: string) => ({
    __typename: 'Post',
    id,
    text: `text ${id}`,
    author: { __typename: 'User', id: '1' },
  });
  const subgraph = inProcess(
    'posts',
    POSTS,
    () => ({}),
    ({ __typename, id }) =>
      __typename === 'Post'
        ? post(String(id))
        : {
            __typename,
            id,
            must: () => must(String(id)),
            posts: () => (posts ? posts(String(id)) : [post(`p${String(id)}`)]),
          },
  );
  const down = { ...subgraph, execute: () => Promise.reject(new Error('down')) };
  const graph = await openGraph(sdl, handles(users, postsAreDown ? down : subgraph), { planners });
  graphs.push(graph);
  return graph;
}

async function payloadsOf(
  graph: OpenGraph,
  query: string,
  spec: IncrementalSpec = 'deferSpec=20220824',
  received: Partial<ReceivedOperation> = {},
): Promise<unknown[]> {
  const opened = await graph.open(query, { incremental: spec, ...received });
  if (opened.kind === 'answer') throw new Error(`One answer: ${String(opened.executed.answer.data)}`);
  const payloads: unknown[] = [];
  for await (const { text } of opened.stream) payloads.push(JSON.parse(text));
  return payloads;
}

describe('What is deferred', () => {
  it('follows the first answer, which does not wait for it, also where one subgraph has both', async () => {
    const late = gate();
    const graph = await graphWith({ slow: () => late.opened.then(() => 'at last') });
    const opened = await graph.open('{ me { name ... @defer(label: "late") { slow } } }', {
      incremental: 'deferSpec=20220824',
    });
    if (opened.kind !== 'stream') throw new Error('one answer');
    const { stream } = opened;
    expect((await stream.next()).value.result).toEqual({ data: { me: { name: 'name 1' } }, hasNext: true });
    late.open();
    expect((await stream.next()).value.result).toEqual({
      incremental: [{ data: { slow: 'at last' }, path: ['me'], label: 'late' }],
      hasNext: false,
    });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('comes for every item of a list, and within something deferred after that', async () => {
    const query = `{ users { id ... @defer { posts { id ... @defer(label: "deep") { author { name } } } } } }`;
    const [first, ...rest] = await payloadsOf(await graphWith(), query);
    expect(first).toEqual({ data: { users: [{ id: '1' }, { id: '2' }] }, hasNext: true });
    const increments = (rest as { incremental?: unknown[] }[]).flatMap(({ incremental = [] }) => incremental);
    expect(increments).toEqual([
      { data: { posts: [{ id: 'p1' }] }, path: ['users', 0] },
      { data: { posts: [{ id: 'p2' }] }, path: ['users', 1] },
      { data: { author: { name: 'name 1' } }, path: ['users', 0, 'posts', 0], label: 'deep' },
      { data: { author: { name: 'name 1' } }, path: ['users', 1, 'posts', 0], label: 'deep' },
    ]);
    expect(rest.at(-1)).toMatchObject({ hasNext: false });
  });

  it('is announced and completed by id for clients of the later specification', async () => {
    const query = `{ me { name ... @defer(label: "outer") { slow ... @defer { posts { text } } } } }`;
    const payloads = await payloadsOf(await graphWith(), query, 'incrementalSpec=v0.2');
    expect(payloads[0]).toEqual({
      data: { me: { name: 'name 1' } },
      pending: [{ id: '0', path: ['me'], label: 'outer' }],
      hasNext: true,
    });
    const all = payloads.slice(1) as { pending?: unknown[]; incremental?: unknown[]; completed?: unknown[] }[];
    expect(all.flatMap(({ pending = [] }) => pending)).toEqual([{ id: '1', path: ['me'] }]);
    expect(all.flatMap(({ incremental = [] }) => incremental)).toEqual([
      { id: '0', data: { slow: 'slow' } },
      { id: '1', data: { posts: [{ text: 'text p1' }] } },
    ]);
    expect(all.flatMap(({ completed = [] }) => completed)).toEqual([{ id: '0' }, { id: '1' }]);
  });

  it('may be a part of each of a mutation’s fields', async () => {
    const query = 'mutation { a: rename { ... @defer { posts { text } } } b: rename { ... @defer { must slow } } }';
    const [first, ...rest] = await payloadsOf(await graphWith(), query);
    expect(first).toEqual({ data: { a: {}, b: {} }, hasNext: true });
    expect((rest as { incremental?: unknown[] }[]).flatMap(({ incremental = [] }) => incremental)).toEqual(
      expect.arrayContaining([
        { data: { posts: [{ text: 'text p1' }] }, path: ['a'] },
        { data: { must: 'must', slow: 'slow' }, path: ['b'] },
      ]),
    );
  });

  it('may be a part of the root, and of what has no key', async () => {
    expect(await payloadsOf(await graphWith(), '{ plain { x ... @defer { y } } ... @defer { me { slow } } }')).toEqual([
      { data: { plain: { x: 1 } }, hasNext: true },
      {
        incremental: expect.arrayContaining([
          { data: { y: 2 }, path: ['plain'] },
          { data: { me: { slow: 'slow' } }, path: [] },
        ]),
        hasNext: false,
      },
    ]);
  });

  it('has one place for each spread of the fragment that defers it', async () => {
    const query = `{ a: me { ...F } b: me { ...F } } fragment F on User { id ...G @defer(label: "g") } fragment G on User { slow }`;
    const [first, ...rest] = await payloadsOf(await graphWith(), query);
    expect(first).toEqual({ data: { a: { id: '1' }, b: { id: '1' } }, hasNext: true });
    expect((rest as { incremental?: unknown[] }[]).flatMap(({ incremental = [] }) => incremental)).toEqual(
      expect.arrayContaining([
        { data: { slow: 'slow' }, path: ['a'], label: 'g' },
        { data: { slow: 'slow' }, path: ['b'], label: 'g' },
      ]),
    );
  });

  it('brings its own errors, and null where one may not be null', async () => {
    const strict = () => Promise.reject(new Error('secret'));
    const error = {
      message: 'Something failed on our side.',
      path: ['me', 'strict'],
      extensions: { code: 'INTERNAL', service: 'users' },
    };
    const graph = await graphWith({ strict });
    const query = '{ me { name ... @defer { strict } } }';
    expect((await payloadsOf(graph, query))[1]).toEqual({
      incremental: [{ data: null, path: ['me'], errors: [error] }],
      hasNext: false,
    });
    expect((await payloadsOf(graph, query, 'incrementalSpec=v0.2'))[1]).toEqual({
      completed: [{ id: '0', errors: [error] }],
      hasNext: false,
    });
  });

  it('is not said of an object that the answer before it does not have', async () => {
    const strict = () => Promise.reject(new Error('secret'));
    expect(await payloadsOf(await graphWith({ strict }), '{ me { strict ... @defer { slow } } }')).toEqual([
      { data: { me: null }, errors: [expect.objectContaining({ path: ['me', 'strict'] })], hasNext: true },
      { hasNext: false },
    ]);
  });

  it.each(['deferSpec=20220824', 'incrementalSpec=v0.2'] as const)(
    'is not said below what the part around it, or the answer before, does not have: %s',
    async (spec) => {
      const must = (id: string) => (id === '1' ? Promise.reject(new Error('secret')) : 'ok');
      const graph = await graphWith({ must });
      const inner = 'friend { ... @defer(label: "deep") { name } }';
      for (const query of [
        `{ maybe { must ... @defer(label: "A") { slow ${inner} } } }`,
        `{ maybe { id ... @defer(label: "A") { must slow ${inner} } } }`,
      ]) {
        const payloads = JSON.stringify(await payloadsOf(graph, query, spec));
        expect(payloads).toContain('name f2');
        expect(payloads).not.toContain('name f1');
        expect(payloads.split('"deep"')).toHaveLength(2);
      }
    },
  );

  it('is null only with an error that says why, however many places one failure left empty', async () => {
    const graph = await graphWith({ postsAreDown: true, count: 300 });
    const unreachable = (...path: (string | number)[]) => ({
      message: 'A part of the stack did not answer.',
      path,
      extensions: { code: 'SUBGRAPH_UNREACHABLE', service: 'posts' },
    });
    const query = '{ maybe { id ... @defer { must } } }';
    const [, next] = (await payloadsOf(graph, query)) as { incremental: { data: unknown; errors: unknown[] }[] }[];
    expect(next!.incremental).toHaveLength(300);
    next!.incremental.forEach(({ data, errors }, at) => {
      expect(data).toBeNull();
      expect(errors).toEqual([at < 10 ? unreachable('maybe', at, 'must') : unreachable('maybe', at)]);
    });
    const [, last] = (await payloadsOf(graph, query, 'incrementalSpec=v0.2')) as { completed: unknown[] }[];
    expect(last!.completed[299]).toEqual({ id: '299', errors: [unreachable('maybe', 299)] });
  });

  it('has its own place though the client labels another fragment as we would', async () => {
    const query = '{ me { id ...F } } fragment F on User { ... @defer(label: "anything") { slow } }';
    const ours = `p${query.indexOf('...F')}_${query.indexOf('... @defer')}`;
    expect((await payloadsOf(await graphWith(), query.replace('anything', ours)))[1]).toEqual({
      incremental: [{ data: { slow: 'slow' }, path: ['me'], label: ours }],
      hasNext: false,
    });
  });

  it('is in the one answer where there is too much of it', async () => {
    const fragments = Array.from({ length: 20 }, (_, at) => `fragment F${at} on User { ...F${at + 1} ...F${at + 1} }`);
    const query = `{ me { ... @defer { slow } ...F13 } } ${fragments.slice(13).join(' ')} fragment F20 on User { ... @defer { name } }`;
    const opened = await (await graphWith()).open(query, { incremental: 'deferSpec=20220824' });
    expect(opened.kind === 'answer' && JSON.parse(String(opened.executed.answer.data))).toEqual({
      me: { slow: 'slow', name: 'name 1' },
    });
  });

  it('keeps the snapshot it was planned on until it is there', async () => {
    const late = gate();
    const graph = await graphWith({ slow: () => late.opened.then(() => 'at last') });
    const opened = await graph.open('{ me { name ... @defer { slow } } }', { incremental: 'deferSpec=20220824' });
    if (opened.kind !== 'stream') throw new Error('one answer');
    await opened.stream.next();
    expect(graph.snapshots.held).toBe(1);
    late.open();
    expect((await opened.stream.next()).value.result).toMatchObject({ hasNext: false });
    await settled();
    expect(graph.snapshots.held).toBe(0);
  });

  it('is not fetched any more when its client left, and the snapshot is let go', async () => {
    const late = gate();
    let asked = 0;
    const graph = await graphWith({
      posts: () => late.opened.then(() => [{ __typename: 'Post', id: 'p', author: { __typename: 'User', id: '9' } }]),
      slow: () => ++asked,
    });
    const query = '{ me { id ... @defer { posts { author { slow } } } } }';
    const opened = await graph.open(query, { incremental: 'deferSpec=20220824' });
    if (opened.kind !== 'stream') throw new Error('one answer');
    await opened.stream.next();
    await opened.stream.return!();
    await settled();
    expect(graph.snapshots.held).toBe(0);
    late.open();
    await settled();
    expect(asked).toBe(0);
    expect(graph.logged).toEqual([]); // nobody's failure
    expect((await payloadsOf(graph, query))[1]).toMatchObject({ hasNext: false });
    expect(asked).toBe(1); // what is not fetched above is fetched for one who stays
  });

  it('is not fetched any more when the request ended', async () => {
    const late = gate();
    let asked = 0;
    const graph = await graphWith({
      posts: () => late.opened.then(() => [{ __typename: 'Post', id: 'p', author: { __typename: 'User', id: '9' } }]),
      slow: () => ++asked,
    });
    const facts = new RequestFacts('r1', null, Date.now() + 30_000, 'internal');
    const opened = await graph.open('{ me { id ... @defer { posts { author { slow } } } } }', {
      incremental: 'deferSpec=20220824',
      facts,
    });
    if (opened.kind !== 'stream') throw new Error('one answer');
    await opened.stream.next();
    facts.end.abort(new DeadlinePassed('Too late.'));
    expect((await opened.stream.next()).value.result).toMatchObject({
      incremental: [{ data: { posts: null }, path: ['me'], errors: [{ extensions: { code: 'TIMEOUT' } }] }],
      hasNext: false,
    });
    late.open();
    await settled();
    expect(asked).toBe(0);
    expect(graph.snapshots.held).toBe(0);
  });

  it('is null with its error where the caller may not have it, and the rest of the part is there', async () => {
    const guarded = supergraphOf({
      users: USERS.replace('import: ["@key"]', 'import: ["@key", "@authenticated"]').replace(
        'slow: String',
        'slow: String @authenticated',
      ),
      posts: POSTS,
    });
    const graph = await graphWith({}, guarded);
    expect(await payloadsOf(graph, '{ me { id ... @defer { name slow } } }')).toEqual([
      { data: { me: { id: '1' } }, hasNext: true },
      {
        incremental: [
          {
            data: { name: 'name 1', slow: null },
            path: ['me'],
            errors: [
              expect.objectContaining({ path: ['me', 'slow'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }),
            ],
          },
        ],
        hasNext: false,
      },
    ]);
  });

  it.each([
    ['its condition says no', 'query ($if: Boolean!) { me { name ... @defer(if: $if) { slow } } }'],
    ['its condition is false', '{ me { name ... @defer(if: false) { slow } } }'],
    ['it is a mutation’s root', 'mutation { ... @defer { rename { name slow } } }'],
  ])('is in the one answer where %s', async (_title, query) => {
    const opened = await (
      await graphWith()
    ).open(query, {
      incremental: 'deferSpec=20220824',
      variables: query.includes('$if') ? { if: false } : {},
    });
    expect(opened.kind).toBe('answer');
    if (opened.kind === 'answer')
      expect(Object.values(JSON.parse(String(opened.executed.answer.data)) as object)).toEqual([
        { name: 'name 1', slow: 'slow' },
      ]);
  });

  it('is in the one answer for a client that reads only one', async () => {
    const opened = await (await graphWith()).open('{ me { name ... @defer { slow } } }');
    expect(opened.kind === 'answer' && String(opened.executed.answer.data)).toBe(
      '{"me":{"name":"name 1","slow":"slow"}}',
    );
  });
});
