import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, handles, notes, servedBy, type HttpPeer } from '../test-support/test-subgraphs.js';
import { counted, held } from '../test-support/watched-subgraphs.js';
import { httpSubgraph } from '../transports/http-subgraph.js';

const EXPLAIN = { 'x-inevitable-explain': 'plan' };
const JOIN = '{ notes { author { email } } }';

describe('An operation is explained', () => {
  const people = counted(accounts());
  const subgraphs = handles(people.handle, notes());
  let internal: TestGateway;
  let customer: TestGateway;
  let open: TestGateway;
  beforeAll(async () => {
    internal = await testGateway({ subgraphs });
    customer = await testGateway({ subgraphs, deployment: 'customer' });
    open = await testGateway({ subgraphs, deployment: 'customer', identity: null });
  });
  afterAll(() => Promise.all([internal, customer, open].map((gateway) => gateway.close())));

  const tokens = {
    nobody: () => ({}),
    member: ({ identity }: TestGateway) => ({ token: identity.accessToken() }),
    administrator: ({ identity }: TestGateway) => ({ token: identity.accessToken({ claims: { adm: true } }) }),
  };

  it.each([
    ['a platform administrator where customers are', () => customer, 'administrator'],
    ['a platform administrator of an internal deployment', () => internal, 'administrator'],
    ['whoever is signed in to an internal deployment', () => internal, 'member'],
    ['everybody, by a gateway without authentication', () => open, 'nobody'],
  ] as const)('to %s', async (_whom, on, who) => {
    const { status, body } = await on().query(JOIN, { ...tokens[who](on()), headers: EXPLAIN });
    expect([status, body.extensions?.explain?.plan?.kind]).toEqual([200, 'QueryPlan']);
  });

  it.each([
    ['a member where customers are', () => customer, 'member'],
    ['nobody in particular where customers are', () => customer, 'nobody'],
    ['nobody in particular of an internal deployment', () => internal, 'nobody'],
  ] as const)('to others not at all, and nothing is fetched: %s', async (_whom, on, who) => {
    const before = people.queries.length;
    expect(await on().query('{ open }', { ...tokens[who](on()), headers: EXPLAIN })).toMatchObject({
      status: 403,
      body: {
        errors: [
          {
            message: 'Only a platform administrator may have an operation explained here.',
            extensions: { code: 'FORBIDDEN' },
          },
        ],
      },
    });
    expect(people.queries).toHaveLength(before);
  });

  it('only when that is asked for', async () => {
    expect((await internal.query(JOIN, tokens.administrator(internal))).body).not.toHaveProperty('extensions');
  });

  it.each(['', 'true', 'Plan', 'plan, plan'])('only by its one name: %j is refused', async (value) => {
    const headers = { 'x-inevitable-explain': value };
    expect(await internal.query('{ open }', { ...tokens.administrator(internal), headers })).toMatchObject({
      status: 400,
      body: {
        errors: [{ message: '"x-inevitable-explain" takes the value "plan".', extensions: { code: 'BAD_USER_INPUT' } }],
      },
    });
  });
});

describe('What is explained', () => {
  let peer: HttpPeer;
  let gateway: TestGateway;
  beforeAll(async () => {
    peer = await servedBy(notes());
    gateway = await testGateway({
      identity: null,
      products: [],
      subgraphs: (contextTokens) =>
        handles(accounts(), httpSubgraph({ name: 'notes', routingUrl: peer.url, contextTokens })),
    });
  });
  afterAll(async () => {
    await gateway.close();
    await peer.close();
  });
  const explained = async (query: string) => {
    const { body } = await gateway.query(query, { headers: EXPLAIN });
    return { data: body.data, errors: body.errors, ...body.extensions.explain };
  };

  it('is the plan, and what became of each fetch: when, how long, how large, for how many places', async () => {
    const { data, plan, fetches, durationMs, passedThrough } = await explained('{ notes { author { email } } }');
    expect(data.notes).toHaveLength(2);
    expect(plan.node).toMatchObject({
      kind: 'Sequence',
      nodes: [
        { kind: 'Fetch', serviceName: 'notes' },
        { kind: 'Flatten', node: { kind: 'Fetch', serviceName: 'accounts' } },
      ],
    });
    const times = { startMs: expect.any(Number), durationMs: expect.any(Number), requestBytes: expect.any(Number) };
    expect(fetches).toEqual([
      {
        ...times,
        subgraph: 'notes',
        responseBytes: expect.any(Number),
        steps: [0],
        places: 0,
        entities: 0,
        types: [],
        shared: false,
        failed: false,
      },
      {
        ...times,
        subgraph: 'accounts',
        responseBytes: null, // in this process: objects, not bytes
        steps: [1],
        places: 2,
        entities: 2,
        types: [{ type: 'User', entities: 2 }],
        shared: false,
        failed: false,
      },
    ]);
    const [first, second] = fetches;
    expect(first.requestBytes).toBeGreaterThan(20);
    expect(first.responseBytes).toBeGreaterThan(20);
    expect(second.startMs).toBeGreaterThanOrEqual(first.startMs + first.durationMs);
    expect(durationMs).toBeGreaterThanOrEqual(second.startMs + second.durationMs);
    expect(passedThrough).toBe(false);
  });

  it('is whether a subgraph’s bytes are the answer, which stays whole', async () => {
    const ask = () => explained('{ notes { text } }');
    await ask();
    await ask(); // from now on it is kept, and worth a look at its bytes
    const { data, passedThrough, fetches } = await ask();
    expect(data).toEqual({ notes: [{ text: 'one' }, { text: 'two' }] });
    expect([passedThrough, fetches.length]).toEqual([true, 1]);
  });

  it('is which fetch failed', async () => {
    const failing = await testGateway({
      identity: null,
      products: [],
      subgraphs: handles(accounts(), notes({ execute: () => Promise.reject(new Error('away')) })),
    });
    const { body } = await failing.query('{ node { email noteCount } }', { headers: EXPLAIN });
    expect(body).toMatchObject({ data: { node: { noteCount: null } }, errors: [{ path: ['node', 'noteCount'] }] });
    expect(
      body.extensions.explain.fetches.map(({ subgraph, failed }: { subgraph: string; failed: boolean }) => [
        subgraph,
        failed,
      ]),
    ).toEqual([
      ['accounts', false],
      ['notes', true],
    ]);
    await failing.close();
  });

  it('is a plan without fetches for what the gateway answers itself', async () => {
    expect(await explained('{ __typename }')).toMatchObject({ data: { __typename: 'Query' }, plan: {}, fetches: [] });
  });
});

describe('A fetch that took the answer of an equal one', () => {
  it('is shown as shared, and the other is not', async () => {
    const texts = held(notes());
    const peer = await servedBy(texts.handle);
    let prepared = 0;
    const gateway = await testGateway({
      identity: null,
      products: [],
      extensions: [
        {
          name: 'count',
          contract: 1,
          onSubgraphFetch: ({ subgraph }) => void (subgraph === 'notes' && prepared++),
        },
      ],
      subgraphs: (contextTokens) =>
        handles(accounts(), httpSubgraph({ name: 'notes', routingUrl: peer.url, contextTokens })),
    });
    const both = [1, 2].map(() => gateway.query('{ node { noteCount } }', { headers: EXPLAIN }));
    while (prepared < 2) await new Promise(setImmediate);
    texts.answer();
    const shared = (await Promise.all(both)).map(({ body }) => body.extensions.explain.fetches[1].shared as boolean);
    expect(shared.sort()).toEqual([false, true]);
    expect(peer.requests).toHaveLength(1);
    await gateway.close();
    await peer.close();
  });
});
