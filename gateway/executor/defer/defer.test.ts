import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { startPlannerThreads } from '../../planner/planner-threads.js';
import { openGraph, type OpenGraph } from '../../test-support/open-graph.js';
import { handles, inProcess, supergraphOf } from '../../test-support/test-subgraphs.js';
import type { IncrementalSpec, ReceivedOperation } from '../../pipeline/receive.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';
const USERS = `${LINK}
type Query { me: User  users: [User!]!  plain: Plain }
type Mutation { rename: User }
type Plain { x: Int  y: Int }
type User @key(fields: "id") { id: ID!  name: String!  slow: String  strict: String! }`;
const POSTS = `${LINK}
type Query { allPosts: [Post!] }
type User @key(fields: "id") { id: ID!  posts: [Post!] }
type Post @key(fields: "id") { id: ID!  text: String!  author: User! }`;
const SDL = supergraphOf({ users: USERS, posts: POSTS });

const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
const graphs: OpenGraph[] = [];
afterEach(async () => {
  for (const graph of graphs.splice(0)) await graph.close();
});
afterAll(() => planners.close());

/** Resolvers that wait until the test lets them go on. */
class Gate {
  #open: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => (this.#open = resolve));
  open(): void {
    this.#open();
  }
}

interface Behaviour {
  readonly slow?: () => unknown;
  readonly posts?: (id: string) => unknown;
  readonly strict?: (id: string) => unknown;
}

async function graphWith(
  { slow = () => 'slow', posts, strict = () => 'strict' }: Behaviour = {},
  sdl = SDL,
): Promise<OpenGraph> {
  const user = (id: string) => ({ __typename: 'User', id, name: `name ${id}`, slow, strict: () => strict(id) });
  const users = inProcess(
    'users',
    USERS,
    () => ({ me: user('1'), users: [user('1'), user('2')], plain: { x: 1, y: 2 }, rename: user('1') }),
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
        : { __typename, id, posts: () => (posts ? posts(String(id)) : [post(`p${String(id)}`)]) },
  );
  const graph = await openGraph(sdl, handles(users, subgraph), { planners });
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
    const gate = new Gate();
    const graph = await graphWith({ slow: () => gate.passed.then(() => 'at last') });
    const opened = await graph.open('{ me { name ... @defer(label: "late") { slow } } }', {
      incremental: 'deferSpec=20220824',
    });
    if (opened.kind !== 'stream') throw new Error('one answer');
    const { stream } = opened;
    expect((await stream.next()).value.result).toEqual({ data: { me: { name: 'name 1' } }, hasNext: true });
    gate.open();
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
