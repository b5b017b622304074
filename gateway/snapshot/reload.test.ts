import { afterEach, describe, expect, it } from '@jest/globals';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import { pino } from 'pino';
import { versionOf } from '../supergraph/supergraph-file.js';
import { gate, type Gate } from '../test-support/gate.js';
import { testGateway, type Json, type TestGateway } from '../test-support/test-gateway.js';
import {
  accounts,
  ACCOUNTS_SDL,
  handles,
  httpPeer,
  inProcess,
  notes,
  supergraphOf,
  TEST_SUPERGRAPH,
} from '../test-support/test-subgraphs.js';
import { held } from '../test-support/watched-subgraphs.js';
import { httpSubgraph } from '../transports/http-subgraph.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A registry whose versions the test announces. */
function announcing(first: string) {
  const listeners = new Set<(version: SupergraphVersion) => void>();
  const registry: SchemaRegistryPort = {
    current: async () => versionOf(first),
    watch(onVersion) {
      listeners.add(onVersion);
      return () => void listeners.delete(onVersion);
    },
  };
  return {
    registry,
    listeners,
    announce: (sdl: string) => listeners.forEach((tell) => tell(versionOf(sdl))),
  };
}

/** A log in which a test can wait for a line. */
function watchedLog() {
  const lines: Json[] = [];
  const waiting = new Set<() => void>();
  const logger = pino(
    { level: 'info' },
    {
      write(text: string) {
        lines.push(JSON.parse(text));
        for (const look of waiting) look();
      },
    },
  );
  const line = (isIt: (line: Json) => boolean): Promise<Json> =>
    new Promise((resolve) => {
      const look = () => {
        const found: Json = lines.find(isIt);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    logger,
    lines,
    tookOver: (sdl: string) =>
      line(({ msg, supergraph }) => msg.includes('took over') && supergraph === versionOf(sdl).id),
    staysBecauseOf: (sdl: string) =>
      line(({ msg, supergraph }) => msg.includes('stays on') && supergraph === versionOf(sdl).id),
  };
}

async function gatewayOn(first: string, options: Partial<Parameters<typeof testGateway>[0]> = {}) {
  const { registry, announce, listeners } = announcing(first);
  const log = watchedLog();
  const gateway = await testGateway({ registry, logger: log.logger, ...options });
  closing.push(() => gateway.close());
  return { gateway, announce, listeners, log };
}

const supergraphPart = async (gateway: TestGateway): Promise<Json> => {
  const response = await gateway.get('/ready');
  const { parts } = (await response.json()) as Json;
  return { status: response.status, ...parts.find(({ name }: Json) => name === 'supergraph') };
};

const ONLY_ACCOUNTS = supergraphOf({ accounts: ACCOUNTS_SDL });
const WITH = (field: string) => supergraphOf({ accounts: `${ACCOUNTS_SDL} extend type Query { ${field}: String }` });
const AUTHORS = '{ notes { author { email } } }';
const authors = { data: { notes: [{ author: { email: 'ada@acme.test' } }, { author: { email: 'bob@acme.test' } }] } };

describe('When the supergraph changes under a running gateway', () => {
  it('a request in flight ends on the supergraph it began with, and new ones have the new one', async () => {
    const { asked, answer, handle } = held(notes());
    const { gateway, announce, log } = await gatewayOn(TEST_SUPERGRAPH, { subgraphs: handles(accounts(), handle) });
    const inFlight = gateway.query(AUTHORS); // notes, and then accounts
    await asked;
    announce(ONLY_ACCOUNTS);
    await log.tookOver(ONLY_ACCOUNTS);
    expect(await gateway.query('{ __schema { queryType { fields { name } } } }')).toMatchObject({
      body: { data: { __schema: { queryType: { fields: expect.not.arrayContaining([{ name: 'notes' }]) } } } },
    });
    answer();
    expect((await inFlight).body).toEqual(authors);
  });

  it('an operation that is no longer valid is told so: what was planned for it is not served', async () => {
    const { gateway, announce, log } = await gatewayOn(TEST_SUPERGRAPH);
    expect((await gateway.query(AUTHORS)).body).toEqual(authors);
    announce(ONLY_ACCOUNTS);
    await log.tookOver(ONLY_ACCOUNTS);
    expect(await gateway.query(AUTHORS)).toMatchObject({
      status: 400,
      body: {
        errors: [{ message: expect.stringContaining('"notes"'), extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
      },
    });
  });

  it('an operation that has become valid is answered, though it was refused before', async () => {
    const wider = inProcess(
      'accounts',
      `${ACCOUNTS_SDL} extend type Query { added: String }`,
      () => ({ added: 'now' }),
      () => null,
    );
    const { gateway, announce, log } = await gatewayOn(TEST_SUPERGRAPH, { subgraphs: handles(wider, notes()) });
    expect((await gateway.query('{ added }')).status).toBe(400);
    announce(WITH('added'));
    await log.tookOver(WITH('added'));
    expect((await gateway.query('{ added }')).body).toEqual({ data: { added: 'now' } });
  });

  it.each([
    ['is no supergraph', 'type Query { one: Int }', 'of the supergraph is a schema without the enum join__Graph, so'],
    ['is no GraphQL', 'nonsense', 'of the supergraph is not a GraphQL schema'],
    [
      'names a subgraph nobody has',
      supergraphOf({ accounts: ACCOUNTS_SDL, billing: 'type Query { invoices: Int }' }),
      'of the supergraph does not load: The supergraph needs subgraph "billing", which is not among those this gateway was given.',
    ],
    [
      'the planner does not understand',
      TEST_SUPERGRAPH.replace('type Query', 'type Query @join__type(graph: NOWHERE)'),
      'The supergraph cannot be loaded',
    ],
  ])('a version that %s is passed by: the gateway stays ready, serves, and says why', async (_what, sdl, reason) => {
    const { gateway, announce, log } = await gatewayOn(TEST_SUPERGRAPH);
    announce(sdl);
    await log.staysBecauseOf(sdl);
    expect(await supergraphPart(gateway)).toEqual({
      status: 200,
      name: 'supergraph',
      ready: true,
      reason: expect.stringContaining(reason),
    });
    expect((await gateway.query(AUTHORS)).body).toEqual(authors);

    announce(ONLY_ACCOUNTS);
    await log.tookOver(ONLY_ACCOUNTS);
    expect(await supergraphPart(gateway)).toMatchObject({ status: 200, ready: true, reason: null });
  });

  it('and back to what it was, the version between that did not load is forgotten', async () => {
    const { gateway, announce, log } = await gatewayOn(TEST_SUPERGRAPH);
    announce('nonsense');
    await log.staysBecauseOf('nonsense');
    announce(TEST_SUPERGRAPH);
    while ((await supergraphPart(gateway)).reason !== null);
    expect((await gateway.query(AUTHORS)).body).toEqual(authors);
  });

  it('several times at once, only the newest version is taken over', async () => {
    const { announce, log } = await gatewayOn(TEST_SUPERGRAPH);
    for (const field of ['a', 'b', 'c']) announce(WITH(field));
    await log.tookOver(WITH('c'));
    expect(log.lines.filter(({ msg }) => msg.includes('took over'))).toHaveLength(1);
  });

  it('nobody listens for it any more once the gateway is closed', async () => {
    const { gateway, announce, listeners, log } = await gatewayOn(TEST_SUPERGRAPH);
    announce(ONLY_ACCOUNTS); // is being loaded when the gateway is closed
    await gateway.close();
    expect(listeners.size).toBe(0);
    expect(log.lines.filter(({ msg }) => /took over|stays on/.test(msg))).toEqual([]);
  });
});

/** A subgraph's server that says where it is. Its answers can be held. */
async function place(name: string) {
  let holding: Gate | null = null;
  const asked = gate();
  const peer = await httpPeer(async (request, response) => {
    request.resume();
    if (holding) {
      asked.open();
      await holding.opened;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: { where: name } }));
  });
  closing.push(() => peer.close());
  return {
    url: `${peer.url}/graphql`,
    connections: peer.connections,
    /** Resolves when the gateway has closed every connection it had. */
    async gone() {
      while (peer.connections.size > 0) await new Promise(setImmediate);
    },
    asked: asked.opened,
    hold: () => (holding = gate()).open,
  };
}

describe('A subgraph that has moved', () => {
  const at = (url: string) =>
    supergraphOf({ places: 'type Query { where: String }' }).replace('http://127.0.0.1:1/places/graphql', url);
  const moving = (first: string) =>
    gatewayOn(at(first), {
      subgraphs: new Map(),
      products: [],
      openSubgraph: ({ name, url }, contextTokens) => httpSubgraph({ name, routingUrl: url, contextTokens }),
    });

  it('is asked at its new place from then on, and its old connections end with the last request on them', async () => {
    const [here, there] = [await place('here'), await place('there')];
    const { gateway, announce, log } = await moving(here.url);
    const letGo = here.hold();
    const inFlight = gateway.query('{ where }');
    await here.asked;
    announce(at(there.url));
    await log.tookOver(at(there.url));
    expect((await gateway.query('{ where }')).body).toEqual({ data: { where: 'there' } });
    expect(here.connections.size).toBe(1);
    letGo();
    expect((await inFlight).body).toEqual({ data: { where: 'here' } });
    await here.gone();
    expect((await gateway.query('{ where }')).body).toEqual({ data: { where: 'there' } });
  });

  it('keeps its connections where only the rest of the supergraph changed', async () => {
    const here = await place('here');
    const { gateway, announce, log } = await moving(here.url);
    await gateway.query('{ where }');
    const [before] = here.connections;
    const next = at(here.url).replace('where: String', '"Described." where: String');
    announce(next);
    await log.tookOver(next);
    await gateway.query('{ where }');
    expect(here.connections.size).toBe(1);
    expect(here.connections.has(before!)).toBe(true);
  });

  it('and back is reached, though connections to that place were closed before', async () => {
    const [here, there] = [await place('here'), await place('there')];
    const { gateway, announce, log } = await moving(here.url);
    await gateway.query('{ where }');
    announce(at(there.url));
    await log.tookOver(at(there.url));
    await here.gone();
    announce(at(here.url));
    await log.tookOver(at(here.url));
    expect((await gateway.query('{ where }')).body).toEqual({ data: { where: 'here' } });
  });
});
