import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SupergraphVersion } from '@inevitable/contract';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../test-support/event-log.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, ACCOUNTS_SDL, handles, notes, NOTES_SDL, supergraphOf } from '../test-support/test-subgraphs.js';
import type { TrustedDocumentsOptions } from './trusted-documents.js';

const WITH_EVENTS = supergraphOf({ accounts: ACCOUNTS_SDL, notes: `${NOTES_SDL} type Subscription { said: String }` });
const RELOADED = supergraphOf({
  accounts: ACCOUNTS_SDL,
  notes: `${NOTES_SDL} type Subscription { said: String  more: String }`,
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const SCREEN =
  'query Screen($how: String!) {\n  node {\n    ...Mail\n  }\n  fails(how: $how)\n}\n\nfragment Mail on User {\n  email\n}';
const SAID = 'subscription Said {\n  said\n}';
const OTHER = 'query Other {\n  open\n}';
const apollos = (...bodies: string[]) => ({
  format: 'apollo-persisted-query-manifest',
  version: 1,
  operations: bodies.map((body) => ({ id: sha256(body), name: 'Any', type: 'query', body })),
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'documents-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function manifest(name: string, json: object): Promise<string> {
  const file = join(folder, name);
  await writeFile(`${file}.next`, JSON.stringify(json));
  await rename(`${file}.next`, file);
  return file;
}

const trusting = (
  mode: TrustedDocumentsOptions['mode'],
  manifests: readonly string[],
  own: readonly string[] = [],
) => ({
  trustedDocuments: { mode, manifests, own },
});

async function post(gateway: TestGateway, body: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await gateway.get('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as unknown };
}

const MESSAGE = 'Only listed documents are run here, and this one is not in the list.';
const NOT_LISTED = {
  status: 403,
  body: { errors: [{ message: MESSAGE, extensions: { code: 'PERSISTED_QUERY_NOT_IN_LIST' } }] },
};
const settled = async (condition: () => unknown): Promise<void> => {
  while (!(await condition())) await new Promise(setImmediate);
};

describe('Where only listed documents are run', () => {
  let gateway: TestGateway;
  let log: EventLog;
  let announce: (version: SupergraphVersion) => void;
  const events: unknown[][] = [];
  const variables = { how: 'signin' };
  const answered = (data: object) => expect.objectContaining({ status: 200, body: expect.objectContaining({ data }) });
  const screen = answered({ node: { email: 'ada@acme.test' }, fails: null });

  beforeAll(async () => {
    log = new EventLog();
    const manifests = [
      await manifest('apollo.json', apollos(SCREEN, SAID)),
      await manifest('relay.json', { '0123456789abcdef0123456789abcdef': OTHER }),
    ];
    gateway = await testGateway({
      ...trusting('enforce', manifests, ['query ($text: Odd) { echo(value: $text) }']),
      registry: {
        current: async () => ({ id: 'v1', sdl: WITH_EVENTS }),
        watch(listener) {
          announce = listener;
          return () => undefined;
        },
      },
      subgraphs: handles(accounts(), notes({ subscribe: log.subscribe })),
      securityEvent: (...event) => void events.push(event),
    });
  });
  afterAll(() => gateway.close());

  it('they are named by their ids, whatever made these, or by their texts', async () => {
    expect(await post(gateway, { variables, documentId: `sha256:${sha256(SCREEN)}` })).toEqual(screen);
    expect(await post(gateway, { variables, documentId: sha256(SCREEN) })).toEqual(screen);
    const persistedQuery = { version: 1, sha256Hash: sha256(SCREEN) };
    expect(await post(gateway, { variables, extensions: { persistedQuery } })).toEqual(screen);
    expect(await post(gateway, { variables, query: SCREEN, extensions: { persistedQuery } })).toEqual(screen);
    expect(await post(gateway, { documentId: '0123456789abcdef0123456789abcdef' })).toEqual(
      answered({ open: 'everybody' }),
    );
    expect((await gateway.get('/graphql?documentId=0123456789abcdef0123456789abcdef')).status).toBe(200);
    expect(await post(gateway, { query: SCREEN, variables })).toEqual(screen);
    expect(await post(gateway, { query: '# the stack’s own page\nquery ($text: Odd) { echo(value: $text) }' })).toEqual(
      answered({ echo: '{}' }),
    );
  });

  it('they may be written in another way, and with what clients add', async () => {
    const query = `fragment Mail on User { __typename email }  # in front
      query Screen($how: String!) { node { ...Mail, __typename } fails(how: $how) __typename }`;
    expect(await post(gateway, { query, variables })).toEqual(
      answered({ node: { __typename: 'User', email: 'ada@acme.test' }, fails: null, __typename: 'Query' }),
    );
  });

  it('all others are refused alike, and nobody learns by it what the schema has', async () => {
    const token = { authorization: `Bearer ${gateway.identity.accessToken()}` };
    events.length = 0;
    for (const query of [
      '{ open }',
      '{ nonsense }',
      '{ __schema { queryType { name } } }',
      '{ a: __typename }',
      OTHER.replace('open', 'context'),
    ]) {
      expect(await post(gateway, { query })).toEqual(NOT_LISTED);
      expect(await post(gateway, { query }, token)).toEqual(NOT_LISTED);
      const persistedQuery = { version: 1, sha256Hash: sha256(query) };
      expect(await post(gateway, { query, extensions: { persistedQuery } })).toEqual(NOT_LISTED);
      expect(await post(gateway, { extensions: { persistedQuery } })).toEqual(NOT_LISTED); // it was not registered
    }
    expect(
      await post(gateway, { query: OTHER, extensions: { persistedQuery: { version: 1, sha256Hash: sha256(OTHER) } } }),
    ).toMatchObject({ status: 200 });
    expect(await post(gateway, { documentId: sha256(OTHER) })).toEqual(NOT_LISTED);
    expect(events).toHaveLength(5 * 4 + 1);
    expect(events[1]).toEqual([
      'operation refused',
      expect.objectContaining({
        code: 'PERSISTED_QUERY_NOT_IN_LIST',
        tenantId: expect.any(String),
        actor: expect.anything(),
      }),
    ]);
  });

  it('probes may ask whether anybody answers', async () => {
    expect(await post(gateway, { query: '{ __typename }' })).toEqual(answered({ __typename: 'Query' }));
    expect(await post(gateway, { query: 'query Health { __typename }' })).toEqual(answered({ __typename: 'Query' }));
  });

  it('it is so over WebSocket too, and a subscription goes on when its document is listed no more', async () => {
    const socket = createWebSocketClient({
      url: `${gateway.url}/graphql`.replace('http', 'ws'),
      webSocketImpl: WebSocket,
    });
    const unlisted = socket.iterate({ query: 'subscription { said }' }).next();
    await expect(unlisted).rejects.toMatchObject([{ message: MESSAGE }]);

    const stream = socket.iterate({
      query: '',
      extensions: { persistedQuery: { version: 1, sha256Hash: sha256(SAID) } },
    });
    const first = stream.next();
    await settled(() => log.open === 1);
    log.publish({ said: 'one' });
    expect((await first).value).toMatchObject({ data: { said: 'one' } });

    await manifest('apollo.json', apollos(SCREEN));
    await settled(() => gateway.logged.some((line) => line.includes('Another list of trusted documents counts.')));
    expect(await post(gateway, { documentId: sha256(SAID) })).toEqual(NOT_LISTED);
    const second = stream.next();
    announce({ id: 'v2', sdl: RELOADED });
    await settled(() => gateway.supergraphId() === 'v2');
    log.publish({ said: 'two' });
    expect((await second).value).toMatchObject({ data: { said: 'two' } });
    await stream.return?.();
    await socket.dispose();
  });

  it('a manifest that cannot be used changes nothing, and /ready says so', async () => {
    const part = async () =>
      (
        (await (await gateway.get('/ready')).json()) as {
          parts: { name: string; ready: boolean; reason: string | null }[];
        }
      ).parts.find(({ name }) => name === 'trusted documents')!;
    expect(await part()).toEqual({ name: 'trusted documents', ready: true, reason: null });
    await manifest('relay.json', { broken: '{ open' });
    await settled(async () => (await part()).reason !== null);
    expect(await part()).toEqual({
      name: 'trusted documents',
      ready: true,
      reason: expect.stringMatching(
        /^the list of before counts: .*relay\.json: the document "broken" is not valid GraphQL/,
      ),
    });
    expect(await post(gateway, { query: OTHER })).toEqual(answered({ open: 'everybody' }));
    await manifest('relay.json', { better: '{ open }' });
    await settled(async () => (await part()).reason === null);
    expect(await post(gateway, { query: OTHER })).toEqual(NOT_LISTED);
    expect(await post(gateway, { documentId: 'better' })).toEqual(answered({ open: 'everybody' }));
  });
});

describe('Where documents that are not listed are told of', () => {
  it('they are run, and the log has each once, with its client and without what was written into it', async () => {
    const listed = await manifest('log.json', apollos(OTHER));
    const gateway = await testGateway(trusting('log', [listed]));
    try {
      const headers = { 'apollographql-client-name': 'web', 'apollographql-client-version': '7.1;' };
      const query = 'query Secret { echo(input: { text: "hunter2" }) }';
      for (let times = 0; times < 2; times++)
        expect(await post(gateway, { query }, headers)).toMatchObject({ status: 200 });
      expect(await post(gateway, { query: OTHER })).toMatchObject({ status: 200 });
      // Its text is listed, and by this hash it would be refused.
      const persistedQuery = { version: 1, sha256Hash: sha256('query Other { open }') };
      await post(gateway, { query: 'query Other { open }', extensions: { persistedQuery } });
      expect(await post(gateway, { extensions: { persistedQuery } })).toMatchObject({ status: 200 });
      expect(await post(gateway, { documentId: sha256(OTHER) })).toMatchObject({ status: 200 });

      const told = gateway.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
      const lines = told.filter(
        ({ msg }) => msg === 'A document was run that is not in the list of trusted documents.',
      );
      expect(lines).toMatchObject([
        {
          hash: sha256(query),
          by: 'text',
          client: 'web',
          clientVersion: '7.1',
          operation: 'Secret',
          document: expect.stringContaining('text: ""'),
        },
        { hash: persistedQuery.sha256Hash, by: 'hash', client: null, operation: 'Other' },
      ]);
      expect(gateway.logged.join()).not.toContain('hunter2');
    } finally {
      await gateway.close();
    }
  });
});

describe('A gateway', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    ['is missing', async () => join(folder, 'gone.json'), /gone\.json cannot be read \(ENOENT\)\.$/],
    [
      'is no JSON',
      async () => {
        await writeFile(join(folder, 'a.json'), '{');
        return join(folder, 'a.json');
      },
      /a\.json is not valid JSON\.$/,
    ],
    ['is another JSON', () => manifest('b.json', [1]), /b\.json is no manifest of documents: /],
    [
      'is of a version to come',
      () => manifest('c.json', { ...apollos(), version: 2 }),
      /c\.json is no manifest of documents, at "version": /,
    ],
    [
      'has an entry without a text',
      () => manifest('d.json', { ...apollos(), operations: [{ id: 'x' }] }),
      /d\.json is no manifest of documents, at "operations" 0 "body": /,
    ],
    [
      'has an entry that is no GraphQL',
      () => manifest('e.json', { x: '{' }),
      /e\.json: the document "x" is not valid GraphQL: Syntax Error/,
    ],
    [
      'has an entry without an operation',
      () => manifest('f.json', { x: 'fragment F on User { id }' }),
      /f\.json: the document "x" holds no operation\.$/,
    ],
    [
      'has two texts of one id',
      () => manifest('g.json', { ...apollos(), operations: ['{ a }', '{ b }'].map((body) => ({ id: 'x', body })) }),
      /g\.json: the document "x" is listed twice, with different texts\.$/,
    ],
    [
      'has an entry that is not what its hash says',
      () => manifest('h.json', { [`sha256:${sha256('{ a }')}`]: '{ b }' }),
      /h\.json: the document "sha256:[0-9a-f]{64}" does not have the SHA-256 that its id says\.$/,
    ],
  ])('does not start on a manifest that %s, and says why in a sentence', async (_what, write, sentence) => {
    await expect(testGateway(trusting('enforce', [await write()]))).rejects.toThrow(sentence);
  });
});
