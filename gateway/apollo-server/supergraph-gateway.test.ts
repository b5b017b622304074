import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApolloServer, type ApolloServerPlugin, type GraphQLResponse } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { IntrospectAndCompose, LocalCompose, type SupergraphManager } from '@apollo/gateway';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Forbidden, type RequestContext, type SubgraphHandle } from '@inevitable/contract';
import { parse } from 'graphql';
import { pino } from 'pino';
import { proceed, reject } from '../extensions/gateway-extension.js';
import { startPlannerThreads } from '../planner/planner-threads.js';
import { composed, nobody, somebody } from '../test-support/protected-supergraph.js';
import {
  accounts,
  ACCOUNTS_SDL,
  handles,
  httpPeer,
  inProcess,
  notes,
  NOTES_SDL,
  servedBy,
  supergraphOf,
  TEST_SUPERGRAPH,
  type HttpPeer,
} from '../test-support/test-subgraphs.js';
import { counted } from '../test-support/watched-subgraphs.js';
import { SupergraphGateway, type SupergraphGatewayOptions } from './supergraph-gateway.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const logged: string[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
/** Of all gateways here, but for one: a thread takes longer to load the planner than most tests take. */
const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
afterAll(() => planners.close());
/** Apollo Server's own lines are not what is tested. */
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

interface Caller {
  readonly context?: RequestContext;
}

/** Whose `vault` wants a scope. */
async function startedWithVault(authorization: 'filter' | 'reject') {
  const sdl =
    'type Query { open: String vault: String @requiresScopes(scopes: [["vault:read"]]) } type T @key(fields: "id") { id: ID! }';
  const house = counted(
    inProcess(
      's0',
      sdl,
      () => ({ open: 'o', vault: 'v' }),
      () => null,
    ),
  );
  const server = await started({
    supergraphSdl: composed([sdl]),
    subgraphs: handles(house.handle),
    authorization,
    requestContext: ({ context }) => context ?? nobody(),
  });
  return { house, server };
}

async function started(
  options: SupergraphGatewayOptions<Caller>,
  plugins: ApolloServerPlugin<Caller>[] = [],
): Promise<ApolloServer<Caller>> {
  const gateway = new SupergraphGateway<Caller>({
    subgraphs: handles(accounts(), notes()),
    planners,
    logger,
    ...options,
  });
  const server = new ApolloServer<Caller>({
    gateway,
    plugins,
    logger: quiet,
    nodeEnv: 'production',
    introspection: true,
    stopOnTerminationSignals: false,
  });
  await server.start();
  closing.push(() => server.stop());
  return server;
}

const bodyOf = ({ body }: GraphQLResponse<unknown>): unknown =>
  body.kind === 'single' ? (JSON.parse(JSON.stringify(body.singleResult)) as unknown) : null;

const ask = async (
  server: ApolloServer<Caller>,
  query: string,
  variables?: Record<string, unknown>,
  contextValue: Caller = {},
): Promise<unknown> =>
  bodyOf(await server.executeOperation({ query, ...(variables && { variables }) }, { contextValue }));

const AUTHORS = '{ notes { text author { email greeting } } }';
const authors = {
  data: {
    notes: [
      { text: 'one', author: { email: 'ada@acme.test', greeting: 'Hello ada@acme.test' } },
      { text: 'two', author: { email: 'bob@acme.test', greeting: 'Hello bob@acme.test' } },
    ],
  },
};
/** `TEST_SUPERGRAPH` with one field more. */
const WIDER = supergraphOf({ accounts: `${ACCOUNTS_SDL} extend type Query { added: String }`, notes: NOTES_SDL });

/** Resolves when the server has taken over a supergraph with `field` at its root. */
async function has(server: ApolloServer<Caller>, field: string): Promise<void> {
  const query = '{ __schema { queryType { fields { name } } } }';
  while (!JSON.stringify(await ask(server, query)).includes(`"${field}"`)) await new Promise(setImmediate);
}

describe('An Apollo Server with this gateway', () => {
  it('answers queries over several subgraphs', async () => {
    expect(await ask(await started({ supergraphSdl: TEST_SUPERGRAPH }), AUTHORS)).toEqual(authors);
  });

  it('answers mutations, with variables and operation names', async () => {
    const server = await started({ supergraphSdl: TEST_SUPERGRAPH });
    const { body } = await server.executeOperation({
      query: 'mutation Add($input: CountInput!) { count(input: $input) } query Other { open }',
      operationName: 'Add',
      variables: { input: { by: 41 } },
    });
    expect(body).toMatchObject({ singleResult: { data: { count: 42 } } });
  });

  it('answers introspection, and says no to what does not fit the schema', async () => {
    const server = await started({ supergraphSdl: TEST_SUPERGRAPH });
    expect(await ask(server, '{ __type(name: "Note") { fields { name } } }')).toEqual({
      data: { __type: { fields: [{ name: 'id' }, { name: 'text' }, { name: 'author' }] } },
    });
    expect(await ask(server, '{ nope }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  it('gives each error its path and code, and nothing that was not meant for the client', async () => {
    logged.length = 0;
    const server = await started({ supergraphSdl: TEST_SUPERGRAPH });
    expect(
      await ask(server, '{ open card: fails(how: "coded") db: fails(how: "crash") input: fails(how: "caller") }'),
    ).toEqual({
      data: { open: 'everybody', card: null, db: null, input: null },
      errors: [
        {
          message: 'Card declined.',
          path: ['card'],
          extensions: { code: 'CARD_DECLINED', reason: 'limit', service: 'accounts' },
        },
        {
          message: 'Something failed on our side.',
          path: ['db'],
          extensions: { code: 'INTERNAL', service: 'accounts' },
        },
        {
          message: 'That text is too long.',
          path: ['input'],
          extensions: { code: 'BAD_USER_INPUT', field: 'input.text', service: 'accounts' },
        },
      ],
    });
    expect(logged.join()).toContain('hunter2'); // the operator's copy
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['missing', {}, 'input'],
    ['of the wrong type', { input: { by: 'x' } }, 'input.by'],
  ])('refuses variables that are %s, with their place, and asks no subgraph', async (_what, variables, field) => {
    const people = counted(accounts());
    const server = await started({ supergraphSdl: TEST_SUPERGRAPH, subgraphs: handles(people.handle, notes()) });
    expect(await ask(server, 'mutation ($input: CountInput!) { count(input: $input) }', variables)).toEqual({
      errors: [{ message: expect.stringContaining('$input'), extensions: { code: 'BAD_USER_INPUT', field } }],
    });
    expect(people.queries).toEqual([]);
  });

  it('gives subgraphs the caller that is made of its own context value', async () => {
    const server = await started({
      supergraphSdl: TEST_SUPERGRAPH,
      requestContext: ({ context }) => context ?? nobody(),
    });
    expect(await ask(server, '{ viewer { email } }', undefined, { context: somebody() })).toEqual({
      data: { viewer: { email: 'ada@acme.test' } },
    });
    expect(await ask(server, '{ viewer { email } }')).toMatchObject({
      data: { viewer: null },
      errors: [{ path: ['viewer'], extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it.each([
    ['filter', { data: { open: 'o', vault: null }, errors: [{ path: ['vault'] }] }],
    ['reject', { errors: [{ extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', paths: ['vault'] } }] }],
  ] as const)('gives a protected field to who may have it, and to nobody else (%s)', async (mode, denied) => {
    const { house, server } = await startedWithVault(mode);
    const query = '{ open vault }';
    expect(await ask(server, query, undefined, { context: somebody({ may: 'other' }) })).toMatchObject(denied);
    expect(house.queries.join()).not.toContain('vault');
    expect(await ask(server, query, undefined, { context: somebody({ may: 'vault:read' }) })).toEqual({
      data: { open: 'o', vault: 'v' },
    });
  });

  it('gives each of those who ask a novel operation at the same time what they may have, and whoever asks it after them', async () => {
    const { server } = await startedWithVault('filter');
    const askers = [somebody({ may: 'vault:read' }), somebody({ may: 'other' }), nobody()];
    for (let time = 0; time < 4; time++)
      expect(
        await Promise.all(
          [...askers, ...askers].map((context) => ask(server, '{ o: open v: vault }', undefined, { context })),
        ),
      ).toEqual(
        [...askers, ...askers].map((asker) =>
          asker === askers[0]
            ? { data: { o: 'o', v: 'v' } }
            : { data: { o: 'o', v: null }, errors: [expect.objectContaining({ path: ['v'] })] },
        ),
      );
  });

  it('treats everybody as anonymous when it is not told who asks', async () => {
    const server = await started({ supergraphSdl: TEST_SUPERGRAPH });
    const { data } = (await ask(server, '{ context }')) as { data: { context: string } };
    expect(JSON.parse(data.context)).toMatchObject({ caller: { kind: 'anonymous' }, tenant: null });
  });

  it('masks what fails in the engine', async () => {
    logged.length = 0;
    const server = await started({
      supergraphSdl: TEST_SUPERGRAPH,
      requestContext: () => {
        throw new Error('password=hunter3');
      },
    });
    expect(await ask(server, '{ open }')).toEqual({
      errors: [{ message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } }],
    });
    expect(logged.join()).toContain('hunter3');
  });

  it('hears extensions: what they reject is not run, and what they add to an answer is in it', async () => {
    const server = await started({
      supergraphSdl: TEST_SUPERGRAPH,
      extensions: [
        {
          name: 'named-only',
          contract: 1,
          onOperation: ({ operationName }) => (operationName ? proceed : reject(new Forbidden('Name it.'))),
          onAnswer: () => ({ extensions: { cost: 1 }, headers: { 'x-cost': '1' } }),
        },
      ],
    });
    expect(await ask(server, '{ open }')).toEqual({
      errors: [{ message: 'Name it.', extensions: { code: 'FORBIDDEN' } }],
    });
    const answer = await server.executeOperation({ query: 'query Named { open }' });
    expect(bodyOf(answer)).toEqual({ data: { open: 'everybody' }, extensions: { cost: 1 } });
    expect(answer.http.headers.get('x-cost')).toBe('1');
  });

  it('refuses a subscription in words', async () => {
    const sdl = 'type Query { open: String } type Subscription { ticks: Int } type T @key(fields: "id") { id: ID! }';
    const server = await started({
      supergraphSdl: composed([sdl]),
      subgraphs: handles(
        inProcess(
          's0',
          sdl,
          () => ({}),
          () => null,
        ),
      ),
    });
    expect(await ask(server, 'subscription { ticks }')).toEqual({
      errors: [{ message: expect.stringContaining('ubscriptions'), extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

describe('Over HTTP', () => {
  const post = async (url: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

  async function listening(options: SupergraphGatewayOptions<Caller>): Promise<string> {
    const server = new ApolloServer<Caller>({
      gateway: new SupergraphGateway<Caller>({ subgraphs: handles(accounts(), notes()), logger, ...options }),
      logger: quiet,
      nodeEnv: 'production',
      stopOnTerminationSignals: false,
    });
    const { url } = await startStandaloneServer(server, {
      listen: { host: '127.0.0.1', port: 0 },
      context: async ({ req }) => (req.headers.authorization === 'Bearer ada' ? { context: somebody() } : {}),
    });
    closing.push(() => server.stop());
    return url;
  }

  it('a request is answered for whom the server says it is', async () => {
    const url = await listening({
      supergraphSdl: TEST_SUPERGRAPH,
      requestContext: ({ context }) => context ?? nobody(),
    });
    const query = '{ open viewer { email } }';
    expect(await post(url, { query }, { authorization: 'Bearer ada' })).toMatchObject({
      status: 200,
      body: { data: { open: 'everybody', viewer: { email: 'ada@acme.test' } } },
    });
    expect(await post(url, { query })).toMatchObject({
      status: 200,
      body: { data: { open: 'everybody', viewer: null }, errors: [{ path: ['viewer'] }] },
    });
  });

  it('bad variables are the client’s fault, a refusal is a refusal, and a failure of ours is ours', async () => {
    const url = await listening({
      supergraphSdl: TEST_SUPERGRAPH,
      extensions: [
        {
          name: 'moody',
          contract: 1,
          onOperation({ operationName }) {
            if (operationName === 'Fails') throw new Error('broken');
            return operationName === 'Forbidden' ? reject(new Forbidden()) : proceed;
          },
        },
      ],
    });
    const status = async (body: object) => (await post(url, body)).status;
    expect([
      await status({ query: 'query ($how: String!) { fails(how: $how) }' }),
      await status({ query: 'query Forbidden { open }' }),
      await status({ query: 'query Fails { open }' }),
      await status({ query: 'query Fine { open }' }),
    ]).toEqual([400, 403, 500, 200]);
  });
});

describe('A supergraph comes from', () => {
  it('a file, and what is written to it later is taken over', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'supergraph-'));
    closing.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'supergraph.graphql');
    await writeFile(file, TEST_SUPERGRAPH);
    const server = await started({ supergraphSdl: pathToFileURL(file) });
    expect(await ask(server, AUTHORS)).toEqual(authors);
    expect(await ask(server, '{ added }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    await writeFile(file, WIDER);
    await has(server, 'added');
    expect(await ask(server, AUTHORS)).toEqual(authors);
  });

  const services = (urls: { accounts: string; notes: string }) => [
    { name: 'accounts', url: urls.accounts },
    { name: 'notes', url: urls.notes },
  ];

  it('LocalCompose, which reaches each subgraph where it says', async () => {
    const [people, texts] = [await servedBy(accounts()), await servedBy(notes())];
    closing.push(
      () => people.close(),
      () => texts.close(),
    );
    const localServiceList = services({ accounts: people.url, notes: texts.url }).map(({ name, url }) => ({
      name,
      url,
      typeDefs: parse(name === 'accounts' ? ACCOUNTS_SDL : NOTES_SDL),
    }));
    const server = await started({ supergraphSdl: new LocalCompose({ localServiceList }), subgraphs: new Map() });
    expect(await ask(server, AUTHORS)).toEqual(authors);
  });

  it('IntrospectAndCompose, which asks each subgraph for its schema, with the headers it is given, and again later', async () => {
    let accountsSdl = ACCOUNTS_SDL;
    const introspected: unknown[] = [];
    const withSdl = (handle: SubgraphHandle, sdl: () => string): SubgraphHandle => ({
      ...handle,
      execute: async (request, context) =>
        request.query.includes('_service') ? { data: { _service: { sdl: sdl() } } } : handle.execute(request, context),
    });
    const people = await servedBy(withSdl(accounts(), () => accountsSdl));
    const texts = await servedBy(withSdl(notes(), () => NOTES_SDL));
    closing.push(
      () => people.close(),
      () => texts.close(),
    );
    const server = await started({
      supergraphSdl: new IntrospectAndCompose({
        subgraphs: services({ accounts: people.url, notes: texts.url }),
        introspectionHeaders: { 'x-introspection': 'secret' },
        pollIntervalInMs: 20,
      }),
      subgraphs: new Map(),
    });
    introspected.push(people.requests[0]!.headers['x-introspection'], texts.requests[0]!.headers['x-introspection']);
    expect(introspected).toEqual(['secret', 'secret']);
    expect(await ask(server, AUTHORS)).toEqual(authors);
    accountsSdl = `${ACCOUNTS_SDL} extend type Query { added: String }`;
    await has(server, 'added');
    expect(await ask(server, AUTHORS)).toEqual(authors);
  });

  it('a manager of one’s own: each update that loads is taken over, and it is cleaned up once', async () => {
    let update!: (sdl: string) => void;
    let cleanedUp = 0;
    const manager: SupergraphManager = {
      initialize: async (options) => {
        update = options.update;
        return { supergraphSdl: TEST_SUPERGRAPH, cleanup: async () => void cleanedUp++ };
      },
    };
    const server = await started({ supergraphSdl: manager });
    expect(await ask(server, '{ added }')).toMatchObject({ errors: [{}] });
    logged.length = 0;
    update('nonsense');
    while (!logged.join().includes('stays on the supergraph it has')) await new Promise(setImmediate);
    expect(await ask(server, AUTHORS)).toEqual(authors);
    update(WIDER);
    await has(server, 'added');
    expect(await ask(server, AUTHORS)).toEqual(authors);
    await closing.pop()!();
    expect(cleanedUp).toBe(1);
  });

  it('the update that a manager makes while it is being asked', async () => {
    const server = await started({
      supergraphSdl: async ({ update }) => {
        update(WIDER);
        return { supergraphSdl: TEST_SUPERGRAPH };
      },
    });
    await has(server, 'added');
  });
});

describe('When the supergraph changes under an Apollo Server', () => {
  const managed = () => {
    const manager = { update: (() => undefined) as (sdl: string) => void };
    const supergraphSdl: SupergraphManager['initialize'] = async ({ update }) => {
      manager.update = update;
      return { supergraphSdl: TEST_SUPERGRAPH };
    };
    return { manager, supergraphSdl };
  };
  const SMALLER = supergraphOf({ accounts: 'type Query { open: String! }' });

  it('an operation that it validated before is told that it does not fit any more, and is no failure of ours', async () => {
    const { manager, supergraphSdl } = managed();
    let validated!: () => void;
    let goOn!: () => void;
    const isValid = new Promise<void>((resolve) => (validated = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const server = await started({ supergraphSdl }, [
      {
        requestDidStart: async () => ({
          async didResolveOperation({ operationName }) {
            if (operationName !== 'Held') return;
            validated();
            await mayGoOn;
          },
        }),
      },
    ]);
    const inFlight = ask(server, 'query Held { notes { text } }');
    await isValid;
    manager.update(SMALLER);
    while (JSON.stringify(await ask(server, '{ __type(name: "Note") { name } }')).includes('Note'))
      await new Promise(setImmediate);
    goOn();
    expect(await inFlight).toMatchObject({
      errors: [{ message: expect.stringContaining('"notes"'), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });
});

describe('Once it is stopped', () => {
  const threads = (): number => (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;

  it('no thread and no connection to a subgraph is left', async () => {
    const before = threads();
    const peers: HttpPeer[] = [];
    const open = () => peers.reduce((sum, { connections }) => sum + connections.size, 0);
    const urlOf = async (handle: SubgraphHandle, sdl: string) => {
      const peer = await servedBy({
        ...handle,
        execute: async (request, context) =>
          request.query.includes('_service') ? { data: { _service: { sdl } } } : handle.execute(request, context),
      });
      peers.push(peer);
      closing.push(() => peer.close());
      return peer.url;
    };
    const server = await started({
      supergraphSdl: new IntrospectAndCompose({
        subgraphs: [
          { name: 'accounts', url: await urlOf(accounts(), ACCOUNTS_SDL) },
          { name: 'notes', url: await urlOf(notes(), NOTES_SDL) },
        ],
        pollIntervalInMs: 60_000,
      }),
      planners: undefined, // its own, which it has to end
      subgraphs: new Map(),
    });
    expect(await ask(server, AUTHORS)).toEqual(authors);
    expect(threads()).toBeGreaterThan(before);
    expect(open()).toBeGreaterThan(0);
    await closing.pop()!();
    while (open() > 0) await new Promise(setImmediate);
    expect(threads()).toBe(before);
  });
});

describe('A gateway that cannot start', () => {
  it.each([
    ['an SDL that is no supergraph', 'type Query { one: Int }', /without the enum join__Graph/],
    ['a file that is not there', new URL('file:///nowhere/supergraph.graphql'), /cannot be read \(ENOENT\)/],
    ['a manager that fails', () => Promise.reject(new Error('no registry')), /no registry/],
  ])('says why: %s', async (_what, supergraphSdl, reason) => {
    await expect(started({ supergraphSdl: supergraphSdl as string })).rejects.toThrow(reason);
  });

  it('names the subgraph whose schema cannot be read', async () => {
    const broken = await httpPeer((_request, response) => void response.writeHead(503).end('<html>'));
    closing.push(() => broken.close());
    const subgraphs = [{ name: 'accounts', url: broken.url }];
    await expect(started({ supergraphSdl: new IntrospectAndCompose({ subgraphs }) })).rejects.toThrow(
      `Couldn't load service definitions for "accounts" at ${broken.url}: it answered with the status 503.`,
    );
  });

  it('cleans up the manager whose supergraph does not load', async () => {
    let cleanedUp = 0;
    const initialize = async () => ({ supergraphSdl: 'nonsense', cleanup: async () => void cleanedUp++ });
    await expect(started({ supergraphSdl: initialize })).rejects.toThrow();
    expect(cleanedUp).toBe(1);
  });
});
