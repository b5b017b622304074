import { afterEach, describe, expect, it } from '@jest/globals';
import { Forbidden, NotEntitled } from '@inevitable/contract';
import { composeSupergraph } from '../supergraph/compose-supergraph.js';
import { versionOf } from '../supergraph/supergraph-file.js';
import { ADA } from '../test-support/test-identity.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import {
  accounts,
  handles,
  httpPeer,
  inProcess,
  notes,
  servedBy,
  type HttpPeer,
} from '../test-support/test-subgraphs.js';
import { counted } from '../test-support/watched-subgraphs.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import {
  observe,
  proceed,
  reject,
  type AnswerSeen,
  type GatewayExtension,
  type OperationSeen,
} from './gateway-extension.js';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

const extension = (hooks: Partial<GatewayExtension>): GatewayExtension => ({ name: 'tried', contract: 1, ...hooks });

async function extendedBy(
  hooks: Partial<GatewayExtension>,
  options: Parameters<typeof testGateway>[0] = {},
): Promise<TestGateway> {
  const gateway = await testGateway({ extensions: [extension(hooks)], ...options });
  closing.push(gateway);
  return gateway;
}

const MASKED = { message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } };

describe('onOperation', () => {
  it('sees the operation and who asks, before anything is asked for it', async () => {
    let seen!: OperationSeen;
    const gateway = await extendedBy({ onOperation: (operation) => ((seen = operation), proceed) });
    const token = gateway.identity.accessToken();
    await gateway.query('query Named($how: String!) { fails(how: $how) }', {
      token,
      variables: { how: 'signin' },
      headers: { 'X-Client': 'web' },
    });
    expect(seen).toMatchObject({
      operationName: 'Named',
      variables: { how: 'signin' },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      definition: { operation: 'query', name: { value: 'Named' } },
      context: { caller: { kind: 'member', userId: ADA.sub }, tenant: { id: ADA.tid } },
    });
    expect([seen.header('x-client'), seen.header('x-other')]).toEqual(['web', undefined]);
  });

  it.each([
    ['at once', (verdict: ReturnType<typeof reject>) => verdict],
    ['later', (verdict: ReturnType<typeof reject>) => Promise.resolve(verdict)],
  ])('that rejects %s is the answer, and no subgraph is asked', async (_when, give) => {
    const people = counted(accounts());
    const gateway = await extendedBy(
      { onOperation: () => give(reject(new NotEntitled('reports.export'))) },
      { subgraphs: handles(people.handle, notes()) },
    );
    expect(await gateway.query('{ open }')).toMatchObject({
      status: 403,
      body: {
        errors: [
          {
            message: `The tenant's plan does not include "reports.export".`,
            extensions: { code: 'NOT_ENTITLED', feature: 'reports.export' },
          },
        ],
      },
    });
    expect(people.queries).toEqual([]);
  });

  it('is not asked about what is no valid operation', async () => {
    let asked = 0;
    const gateway = await extendedBy({ onOperation: () => (asked++, proceed) });
    await gateway.query('{ nonsense }');
    await gateway.query('mutation ($input: CountInput!) { count(input: $input) }');
    expect(asked).toBe(0);
  });

  it.each([
    ['throws', () => fail()],
    ['rejects its promise', async () => fail()],
  ])(
    'that %s stops the operation: masked outside, named in the log, and no subgraph is asked',
    async (_how, onOperation) => {
      const people = counted(accounts());
      const gateway = await extendedBy({ onOperation }, { subgraphs: handles(people.handle, notes()) });
      expect(await gateway.query('{ open }')).toMatchObject({ status: 500, body: { errors: [MASKED] } });
      expect(people.queries).toEqual([]);
      expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in onOperation: no connection to 10.0.0.7');
    },
  );
});

function fail(): never {
  throw new Error('no connection to 10.0.0.7');
}

describe('onEnd', () => {
  const watched = (more: Partial<GatewayExtension> = {}) => {
    const [begun, ended]: [OperationSeen[], OperationSeen[]] = [[], []];
    return {
      begun,
      ended,
      hooks: {
        onOperation: (operation: OperationSeen) => (begun.push(operation), proceed),
        onEnd: (operation: OperationSeen) => void ended.push(operation),
        ...more,
      },
    };
  };

  it('comes once for each operation that was asked about: answered, with errors, or stopped later on', async () => {
    const { begun, ended, hooks } = watched({ decideOverride: fail });
    const gateway = await extendedBy(hooks);
    for (const query of ['{ open }', '{ fails(how: "internal") }', '{ nonsense }', '{ node { notes { text } } }'])
      await gateway.query(query);
    expect(begun).toHaveLength(3);
    expect(ended).toEqual(begun);
  });

  it.each([
    ['at once', () => reject(new Forbidden())],
    ['later', async () => reject(new Forbidden())],
    ['by failing', fail],
    ['by failing later', async () => fail()],
  ])('comes where an extension after it rejects the operation %s', async (_how, onOperation) => {
    const { begun, ended, hooks } = watched();
    const refuses: GatewayExtension = { name: 'refuses', contract: 1, needs: ['tried'], onOperation };
    const gateway = await extendedBy(hooks, { extensions: [{ name: 'tried', contract: 1, ...hooks }, refuses] });
    await gateway.query('{ open }');
    expect(begun).toHaveLength(1);
    expect(ended).toEqual(begun);
  });

  it('that fails leaves the answer as it is, and is named in the log', async () => {
    const gateway = await extendedBy({ onEnd: fail });
    expect((await gateway.query('{ open }')).status).toBe(200);
    expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in onEnd: no connection to 10.0.0.7');
  });
});

describe('decidePolicy', () => {
  const SDL = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@policy"])
    type Query { open: String  vault: String @policy(policies: [["vault"]])  attic: String @policy(policies: [["attic"]]) }
    type Thing @key(fields: "id") { id: ID! }`;
  const guarded = () => {
    const { handle, queries } = counted(
      inProcess(
        'house',
        SDL,
        () => ({ open: 'o', vault: 'v', attic: 'a' }),
        () => null,
      ),
    );
    return { queries, options: { ...serving(composed([['house', SDL]])), subgraphs: handles(handle) } };
  };

  it('answers for the names it knows; what nobody answers for is denied and never fetched', async () => {
    const { queries, options } = guarded();
    const gateway = await extendedBy(
      { decidePolicy: async (policy, { caller }) => (policy === 'vault' ? caller.kind === 'member' : undefined) },
      options,
    );
    const { body } = await gateway.query('{ open vault attic }', { token: gateway.identity.accessToken() });
    expect(body).toEqual({
      data: { open: 'o', vault: 'v', attic: null },
      errors: [expect.objectContaining({ path: ['attic'], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } })],
    });
    expect((await gateway.query('{ open vault }')).body.data).toEqual({ open: 'o', vault: null });
    expect(queries.join()).toContain('vault');
    expect(queries.join()).not.toContain('attic');
  });

  it('that denies a known caller is a security event, once for the operation, and that denies nobody in particular is none', async () => {
    const { options } = guarded();
    const told: unknown[] = [];
    const gateway = await extendedBy(
      { decidePolicy: async () => false },
      { ...options, securityEvent: (event, facts) => told.push([event, facts]) },
    );
    await gateway.query('{ open vault attic }');
    expect(told).toEqual([]);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { 'x-request-id': 'mine-1', traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await gateway.query('{ open vault attic }', { token: gateway.identity.accessToken(), headers });
    const { tid: tenantId, sub: id } = ADA;
    const who = { tenantId, actor: { kind: 'user', id }, onBehalfOf: null, requestId: 'mine-1', traceId };
    expect(told).toEqual([['denied', { product: 'gateway', code: 'UNAUTHORIZED_FIELD_OR_TYPE', ...who }]]);
    await gateway.query('{ open }', { token: 'none-of-ours', headers });
    expect(told.slice(1)).toEqual([
      ['credential refused', { credential: 'access-token', reason: 'malformed', requestId: 'mine-1', traceId }],
    ]);
  });

  it('that fails denies, and is named in the log', async () => {
    const { options } = guarded();
    const gateway = await extendedBy({ decidePolicy: () => fail() }, options);
    expect(await gateway.query('{ open vault }')).toMatchObject({
      status: 200,
      body: { data: { open: 'o', vault: null }, errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }] },
    });
    expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in decidePolicy');
  });
});

function composed(subgraphs: readonly (readonly [name: string, sdl: string])[]): string {
  const composition = composeSupergraph(
    subgraphs.map(([name, sdl]) => ({ name, sdl, routingUrl: `http://127.0.0.1:1/${name}` })),
  );
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.errors));
  return composition.sdl;
}

const serving = (sdl: string) => ({ registry: { current: async () => versionOf(sdl) }, products: [] });

describe('decideOverride', () => {
  const side = (name: string, more: string) => {
    const sdl = `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override"])
      type Query { from_${name}: Bill }
      type Bill @key(fields: "id") { id: ID!  total: String ${more} }`;
    const bill = { __typename: 'Bill', id: '1', total: name };
    return {
      sdl,
      handle: inProcess(
        name,
        sdl,
        () => ({ [`from_${name}`]: bill }),
        () => bill,
      ),
    };
  };
  const [old, next] = [side('old', ''), side('next', '@override(from: "old", label: "new-billing")')];
  const options = {
    ...serving(
      composed([
        ['old', old.sdl],
        ['next', next.sdl],
      ]),
    ),
    subgraphs: handles(old.handle, next.handle),
  };
  const total = async (gateway: TestGateway, token?: string): Promise<unknown> =>
    (await gateway.query('{ from_old { total } }', token === undefined ? {} : { token })).body.data.from_old.total;

  it('turns a label on for whom it says; a label that nobody knows is off', async () => {
    const gateway = await extendedBy(
      { decideOverride: (label, { caller }) => label === 'new-billing' && caller.kind === 'member' },
      options,
    );
    expect([await total(gateway), await total(gateway, gateway.identity.accessToken())]).toEqual(['old', 'next']);
    const without = await extendedBy({ decideOverride: () => undefined }, options);
    expect(await total(without, without.identity.accessToken())).toBe('old');
  });

  it('that fails stops the operation: masked outside, named in the log', async () => {
    const gateway = await extendedBy({ decideOverride: () => fail() }, options);
    expect(await gateway.query('{ from_old { total } }')).toMatchObject({ status: 500, body: { errors: [MASKED] } });
    expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in decideOverride');
  });
});

describe('onSubgraphFetch', () => {
  /** A gateway whose `notes` is behind HTTP. */
  async function overHttp(hooks: Partial<GatewayExtension>, peer?: HttpPeer) {
    const notesPeer = peer ?? (await servedBy(notes()));
    closing.push(notesPeer);
    const gateway = await extendedBy(hooks, {
      subgraphs: (contextTokens) =>
        handles(accounts(), httpSubgraph({ name: 'notes', routingUrl: notesPeer.url, contextTokens })),
    });
    return { gateway, peer: notesPeer };
  }
  const NOTES = '{ notes { text } }';

  it('adds headers that arrive at a subgraph behind HTTP, beside the gateway’s own', async () => {
    const { gateway, peer } = await overHttp({
      onSubgraphFetch: ({ subgraph, context }) => ({ 'X-To': subgraph, 'x-of': context.caller.kind }),
    });
    await gateway.query(NOTES, { token: gateway.identity.accessToken(), headers: { 'x-request-id': 'r-1' } });
    expect(peer.requests[0]!.headers).toMatchObject({
      'x-to': 'notes',
      'x-of': 'member',
      'x-request-id': 'r-1',
      'x-inevitable-context': expect.stringContaining('.'),
    });
  });

  it('that wants a header of the gateway’s own fails the fetch: masked outside, in words in the log', async () => {
    const { gateway, peer } = await overHttp({ onSubgraphFetch: () => ({ 'X-Inevitable-Context': 'forged' }) });
    expect((await gateway.query('{ node { id notes { id } } }')).body).toMatchObject({ data: { node: null } });
    expect(peer.requests).toEqual([]);
    expect(gateway.logged.join()).toContain(
      'Extension \\"tried\\" failed in onSubgraphFetch: it may not set the header \\"X-Inevitable-Context\\".',
    );
  });

  it('that fails takes only its fetch: the rest is answered', async () => {
    const { gateway, peer } = await overHttp({
      onSubgraphFetch: ({ subgraph }) => (subgraph === 'notes' ? fail() : undefined),
    });
    expect((await gateway.query('{ open node { email noteCount } }')).body).toEqual({
      data: { open: 'everybody', node: { email: 'ada@acme.test', noteCount: null } },
      errors: [
        {
          message: 'Something failed on our side.',
          path: ['node', 'noteCount'],
          extensions: { code: 'INTERNAL', service: 'notes' },
        },
      ],
    });
    expect(peer.requests).toEqual([]);
    expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in onSubgraphFetch: no connection');
  });

  it.each([
    ['the same headers are one request', ['same', 'same'], 1],
    ['different headers are a request each', ['one', 'other'], 2],
  ])('makes equal fetches wait for one another only when their headers are equal: %s', async (_what, values, sent) => {
    let letGo!: () => void;
    const answered = new Promise<void>((resolve) => (letGo = resolve));
    const peer = await httpPeer(async (request, response) => {
      request.resume();
      await answered;
      response.setHeader('content-type', 'application/json').end('{"data":{"_entities":[{"noteCount":1}]}}');
    });
    let fetches = 0;
    let bothUnderWay!: () => void;
    const underWay = new Promise<void>((resolve) => (bothUnderWay = resolve));
    const { gateway } = await overHttp(
      {
        onSubgraphFetch: ({ subgraph }) => {
          if (subgraph !== 'notes') return undefined;
          const value = values[fetches++]!;
          if (fetches === values.length) bothUnderWay();
          return { 'x-experiment': value };
        },
      },
      peer,
    );
    const asked = values.map(() => gateway.query('{ node { noteCount } }'));
    await underWay;
    while (peer.requests.length < sent) await new Promise(setImmediate);
    letGo();
    expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(
      values.map(() => ({ data: { node: { noteCount: 1 } } })),
    );
    expect(peer.requests.map(({ headers }) => headers['x-experiment'])).toEqual(values.slice(0, sent));
  });
});

describe('onAnswer', () => {
  it('adds to the answer’s extensions and headers, and knows what became of the operation', async () => {
    let seen!: AnswerSeen;
    const gateway = await extendedBy({
      onOperation: () => observe,
      onAnswer: (answer) => {
        seen = answer;
        return { extensions: { cost: { used: 3 } }, headers: { 'RateLimit-Remaining': '7' } };
      },
    });
    const { body, headers, status } = await gateway.query('{ open fails(how: "caller") }');
    expect([status, headers.get('ratelimit-remaining')]).toEqual([200, '7']);
    expect(body).toMatchObject({ data: { open: 'everybody', fails: null }, extensions: { cost: { used: 3 } } });
    expect(seen).toMatchObject({
      operation: { definition: { operation: 'query' } },
      plan: { kind: 'QueryPlan' },
      errors: [{ path: ['fails'], extensions: { code: 'BAD_USER_INPUT' } }],
      fetches: [{ subgraph: 'accounts', failed: false }],
      durationMs: expect.any(Number),
      passedThrough: false,
    });
  });

  it('that adds nothing, or only headers, leaves the answer as it is', async () => {
    const nothing = await extendedBy({ onAnswer: () => undefined });
    const headersOnly = await extendedBy({ onAnswer: () => ({ headers: { 'x-a': '1' } }) });
    for (const gateway of [nothing, headersOnly])
      expect((await gateway.query('{ open }')).body).toStrictEqual({ data: { open: 'everybody' } });
  });

  it('is told of no fetches unless an extension wants to observe', async () => {
    let fetches: unknown;
    const gateway = await extendedBy({ onAnswer: (answer) => void (fetches = answer.fetches) });
    await gateway.query('{ open }');
    expect(fetches).toEqual([]);
  });

  it('that fails leaves the answer whole, without what it adds, and is named in the log', async () => {
    const gateway = await extendedBy({ onAnswer: () => fail() });
    const { status, body } = await gateway.query('mutation { count(input: { by: 1 }) }');
    expect([status, body]).toEqual([200, { data: { count: 2 } }]);
    expect(gateway.logged.join()).toContain('Extension \\"tried\\" failed in onAnswer: no connection to 10.0.0.7');
  });

  it('may not write headers that say what the answer is', async () => {
    const gateway = await extendedBy({ onAnswer: () => ({ headers: { 'content-type': 'text/html' } }) });
    const { headers } = await gateway.query('{ open }');
    expect(headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json/);
    expect(gateway.logged.join()).toContain('it may not set the header \\"content-type\\"');
  });
});

describe('A gateway with an extension that cannot be loaded', () => {
  it('does not start', async () => {
    await expect(extendedBy({ needs: ['quota'] })).rejects.toThrow(
      'Gateway extension "tried" needs "quota", which is not loaded.',
    );
    await expect(extendedBy({ name: 'explain-plan' })).rejects.toThrow('two gateway extensions named "explain-plan"');
  });
});

describe('An error that an extension makes', () => {
  it('reaches the caller in its words when it is for the caller', async () => {
    const gateway = await extendedBy({ onOperation: () => reject(new Forbidden('Not on Sundays.')) });
    expect((await gateway.query('{ open }')).body).toEqual({
      errors: [{ message: 'Not on Sundays.', extensions: { code: 'FORBIDDEN' } }],
    });
  });
});
