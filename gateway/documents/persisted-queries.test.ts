import { createHash } from 'node:crypto';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Client as UrqlClient, fetchExchange, makeOperation, mapExchange, stringifyDocument } from '@urql/core';
import * as apollo3 from 'apollo-client-3/core/index.js';
import { createPersistedQueryLink } from 'apollo-client-3/link/persisted-queries/index.js';
import type { DocumentNode } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../test-support/event-log.js';
import { testGateway, type Json, type TestGateway } from '../test-support/test-gateway.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';

const THINGS = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
type Query { hello(name: String): String  thing: Thing }
type Mutation { rename(name: String!): String }
type Subscription { changed: String }
type Thing @key(fields: "id") { id: ID! }`;
const SDL = supergraphOf({ things: THINGS });

let gateway: TestGateway;
let log: EventLog;
let answered = 0;
/** What reached the gateway of each operation: the real clients speak through this. */
let sent: { readonly method: string; readonly hasText: boolean }[] = [];

beforeAll(async () => {
  log = new EventLog();
  const roots = {
    hello: ({ name }: { name?: string }) => {
      answered++;
      return `Hello ${name ?? 'you'}`;
    },
    rename: ({ name }: { name: string }) => name,
  };
  const things = inProcess(
    'things',
    THINGS,
    () => roots,
    () => null,
    { subscribe: log.subscribe },
  );
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'v1', sdl: SDL }) },
    subgraphs: handles(things),
    products: [],
  });
});
beforeEach(() => {
  sent = [];
});
afterAll(() => gateway.close());

const url = () => `${gateway.url}/graphql`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persistedQuery = (sha256Hash: unknown, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash } });
const watchedFetch: typeof fetch = (input, init) => {
  const { searchParams } = new URL(String(input));
  const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as Json) : {};
  sent.push({ method: init?.method ?? 'GET', hasText: searchParams.has('query') || body.query !== undefined });
  return fetch(input, init);
};

async function answerOf(response: Response): Promise<{ status: number; body: Json; caching: string | null }> {
  return { status: response.status, body: await response.json(), caching: response.headers.get('cache-control') };
}
const post = async (body: object, headers: Readonly<Record<string, string>> = {}) =>
  answerOf(
    await fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }),
  );
const get = async (parameters: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}) => {
  const texts = Object.entries(parameters).map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return answerOf(await fetch(`${url()}?${new URLSearchParams(texts)}`, { headers }));
};
const register = async (query: string): Promise<string> => {
  const hash = sha256(query);
  expect((await post({ query, extensions: persistedQuery(hash) })).status).toBe(200);
  return hash;
};

/** As Apollo Server answers it, header for header. */
const NOT_FOUND = {
  status: 200,
  body: { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] },
  caching: 'private, no-cache, must-revalidate',
};

describe('A persisted query', () => {
  it('is not found until its text was sent with its hash, and then answered by the hash alone, however it comes', async () => {
    const query = 'query Persisted($name: String) { hello(name: $name) }';
    const hash = sha256(query);
    const variables = { name: 'Ada' };
    expect(await post({ variables, extensions: persistedQuery(hash) })).toEqual(NOT_FOUND);
    expect(await get({ variables, extensions: persistedQuery(hash) })).toEqual(NOT_FOUND);
    expect(await post({ documentId: `sha256:${hash}` })).toEqual(NOT_FOUND);

    const ada = { status: 200, body: { data: { hello: 'Hello Ada' } }, caching: 'no-store' };
    expect(await get({ query, variables, extensions: persistedQuery(hash) })).toEqual(ada);
    expect(await post({ variables, extensions: persistedQuery(hash) })).toEqual(ada);
    expect(await get({ variables, extensions: persistedQuery(hash) })).toEqual(ada);
    expect(await post({ variables, documentId: `sha256:${hash}` })).toEqual(ada);
    expect(await get({ variables, documentId: `sha256:${hash}` })).toEqual(ada);
  });

  it('whose hash is not that of the text is refused, whether the text is known or not, and is not kept', async () => {
    const wrong = {
      status: 400,
      body: {
        errors: [{ message: 'The hash is not the SHA-256 of "query".', extensions: { code: 'BAD_USER_INPUT' } }],
      },
    };
    const mine = sha256('{ hello(name: "mine") }');
    const poisoned = '{ hello(name: "yours") }';
    const before = answered;
    expect(await post({ query: poisoned, extensions: persistedQuery(mine) })).toMatchObject(wrong);
    expect(answered).toBe(before);
    await register(poisoned);
    expect(await post({ query: poisoned, extensions: persistedQuery(mine) })).toMatchObject(wrong);
    expect(await post({ query: poisoned, documentId: `sha256:${mine}` })).toMatchObject(wrong);
    expect(await post({ extensions: persistedQuery(mine) })).toEqual(NOT_FOUND);
  });

  it.each(['{ nonsense }', '{ hello', 'fragment F on Query { hello }'])(
    'that is no valid document is not kept: %s',
    async (query) => {
      const refusal = await post({ query, extensions: persistedQuery(sha256(query)) });
      expect(refusal).toMatchObject({ status: 400, body: { errors: [expect.anything()] } });
      expect(await post({ extensions: persistedQuery(sha256(query)) })).toEqual(NOT_FOUND);
    },
  );

  it('is held to what holds for texts: no mutation by GET, and no GET from a stranger’s page', async () => {
    const mutation = await register('mutation { rename(name: "x") }');
    expect(await get({ extensions: persistedQuery(mutation) })).toMatchObject({ status: 405 });
    expect(await post({ extensions: persistedQuery(mutation) })).toMatchObject({ body: { data: { rename: 'x' } } });
    const query = await register('{ hello }');
    expect(await get({ extensions: persistedQuery(query) }, { 'sec-fetch-site': 'cross-site' })).toMatchObject({
      status: 403,
    });
  });

  it.each<[string, object]>([
    ['another version', { extensions: persistedQuery('a', 2) }],
    ['no hash', { extensions: { persistedQuery: { version: 1 } } }],
    ['a hash that is no text', { extensions: persistedQuery({ a: 1 }) }],
    ['a hash alone', { extensions: { persistedQuery: 'a' } }],
    ['an endless hash', { extensions: persistedQuery('a'.repeat(201)) }],
    ['an id that is no text', { documentId: 7 }],
    ['an endless id', { documentId: 'a'.repeat(201) }],
    ['two documents', { documentId: 'b', extensions: persistedQuery('a') }],
    ['a text that is none', { query: 7, extensions: persistedQuery('a') }],
    ['nothing', {}],
    ['nothing, and an empty id', { documentId: '' }],
  ])('that is named by %s is refused with 400', async (_what, body) => {
    expect(await post(body)).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
  });

  it('is found over WebSocket and as server-sent events, and a subscription by its hash is one', async () => {
    const hash = await register('{ hello }');
    const socket = createWebSocketClient({ url: url().replace('http', 'ws'), webSocketImpl: WebSocket });
    const once = async (payload: object): Promise<unknown> => {
      for await (const result of socket.iterate({ query: '', ...payload })) return result;
      return null;
    };
    expect(await once({ extensions: persistedQuery(hash) })).toEqual({ data: { hello: 'Hello you' } });
    expect(await once({ documentId: `sha256:${hash}` })).toEqual({ data: { hello: 'Hello you' } });
    const unknown = await once({ extensions: persistedQuery(sha256('unknown')) }).catch((errors: unknown) => errors);
    expect(unknown).toMatchObject([{ message: 'PersistedQueryNotFound' }]);

    const query = 'subscription { changed }';
    const extensions = persistedQuery(sha256(query));
    const sse = createSseClient({ url: url(), retryAttempts: 0 });
    for (const events of [() => socket.iterate({ query, extensions }), () => sse.iterate({ query: '', extensions })]) {
      const stream = events();
      const event = stream.next();
      while (log.open === 0) await new Promise(setImmediate);
      log.publish({ changed: 'now' });
      expect((await event).value).toMatchObject({ data: { changed: 'now' } });
      await stream.return?.();
      while (log.open > 0) await new Promise(setImmediate);
    }
    await socket.dispose();
    sse.dispose();
  });
});

/** Asks by hash, as that client does by itself. */
const clients: Readonly<Record<string, (name: string, byGet: boolean) => Promise<unknown>>> = {
  async 'Apollo Client 4'(name, byGet) {
    const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: byGet });
    const client = new ApolloClient({
      link: link.concat(new HttpLink({ uri: url(), fetch: watchedFetch })),
      cache: new InMemoryCache(),
    });
    return (await client.query({ query: gql(`query Apollo4 { hello(name: "${name}") }`) })).data;
  },
  async 'Apollo Client 3'(name, byGet) {
    const link = createPersistedQueryLink({ sha256, useGETForHashedQueries: byGet });
    const client = new apollo3.ApolloClient({
      link: link.concat(new apollo3.HttpLink({ uri: url(), fetch: watchedFetch })),
      cache: new apollo3.InMemoryCache(),
    });
    return (await client.query({ query: gql(`query Apollo3 { hello(name: "${name}") }`) })).data;
  },
  async urql(name, byGet) {
    const query = `query Urql { hello(name: "${name}") }`;
    // What urql's exchange for persisted queries puts into an operation, also when it asks again: the rest is urql's core.
    const ask = (miss: boolean) =>
      new UrqlClient({
        url: url(),
        fetch: watchedFetch,
        preferGetMethod: byGet && !miss,
        exchanges: [
          mapExchange({
            onOperation(operation) {
              const sha256Hash = sha256(stringifyDocument(operation.query as DocumentNode));
              const extensions = { persistedQuery: { version: 1 as const, sha256Hash, miss } };
              return makeOperation(operation.kind, { ...operation, extensions }, operation.context);
            },
          }),
          fetchExchange,
        ],
      })
        .query(query, {})
        .toPromise();
    const first = await ask(false);
    const isUnknown = first.error?.graphQLErrors.some(({ message }) => message === 'PersistedQueryNotFound');
    return (isUnknown ? await ask(true) : first).data as unknown;
  },
};

describe.each(Object.entries(clients))('%s', (client, ask) => {
  it.each([
    ['POST', false],
    ['GET', true],
  ])('gets its answers by hash, with %s, and sends the text once', async (method, byGet) => {
    const name = `${client} by ${method}`;
    const greeting = { hello: `Hello ${name}` };
    expect([await ask(name, byGet), await ask(name, byGet)]).toEqual([greeting, greeting]);
    expect(sent).toEqual([
      { method, hasText: false },
      { method: 'POST', hasText: true },
      { method, hasText: false },
    ]);
  });
});
