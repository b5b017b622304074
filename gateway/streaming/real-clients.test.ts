import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client as UrqlClient, fetchExchange } from '@urql/core';
import * as apollo3 from 'apollo-client-3/core/index.js';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../test-support/event-log.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated"])\n';
const NOTES = `${LINK}
type Query { notes: [Note!] }
type Subscription { noteChanged: Note @authenticated }
type Note @key(fields: "id") { id: ID!  author: User }
type User @key(fields: "id", resolvable: false) { id: ID! }`;
const USERS = `${LINK}
type Query { users: [User!] }
type User @key(fields: "id") { id: ID!  name: String }`;
const SDL = supergraphOf({ notes: NOTES, users: USERS });
const SUBSCRIPTION = 'subscription { noteChanged { id author { name } } }';

let gateway: TestGateway;
let log: EventLog;
beforeAll(async () => {
  log = new EventLog();
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'v1', sdl: SDL }) },
    subgraphs: handles(
      inProcess(
        'notes',
        NOTES,
        () => ({ notes: ['1', '2'].map((id) => noteBy(id)) }),
        ({ id }) => noteBy(String(id)),
        { subscribe: log.subscribe },
      ),
      inProcess(
        'users',
        USERS,
        () => ({}),
        ({ id }) => ({ __typename: 'User', id, name: `name of ${String(id)}` }),
      ),
    ),
    products: [],
  });
});
afterAll(() => gateway.close());

const noteBy = (id: string) => ({ __typename: 'Note', id, author: { __typename: 'User', id: `u${id}` } });
const publish = (id: string) =>
  log.publish({ noteChanged: { __typename: 'Note', id, author: { __typename: 'User', id: `u${id}` } } });
const noteOf = (id: string) => ({ noteChanged: { id, author: { name: `name of u${id}` } } });
const authorization = () => `Bearer ${gateway.identity.accessToken()}`;
const url = () => `${gateway.url}/graphql`;
const subscribed = async (count: number): Promise<void> => {
  while (log.open < count) await new Promise((resolve) => setImmediate(resolve));
};

type Receive = (data: unknown) => void;
/** Subscribes, hands on the data of every event, and returns what ends the subscription. */
const clients: Readonly<Record<string, (receive: Receive) => () => unknown>> = {
  'graphql-ws'(receive) {
    const client = createWebSocketClient({
      url: url().replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: () => ({ authorization: authorization() }),
    });
    client.subscribe({ query: SUBSCRIPTION }, { next: ({ data }) => receive(data), error: receive, complete() {} });
    return () => client.dispose();
  },
  'graphql-sse'(receive) {
    const client = createSseClient({ url: url(), headers: () => ({ authorization: authorization() }) });
    return client.subscribe(
      { query: SUBSCRIPTION },
      { next: ({ data }) => receive(data), error: receive, complete() {} },
    );
  },
  'Apollo Client 3'(receive) {
    const client = new apollo3.ApolloClient({
      link: new apollo3.HttpLink({ uri: url(), headers: { authorization: authorization() } }),
      cache: new apollo3.InMemoryCache(),
    });
    const subscription = client
      .subscribe({ query: gql(SUBSCRIPTION), fetchPolicy: 'no-cache' })
      .subscribe({ next: ({ data }) => receive(data), error: receive });
    return () => subscription.unsubscribe();
  },
  'Apollo Client 4'(receive) {
    const client = new ApolloClient({
      link: new HttpLink({ uri: url(), headers: { authorization: authorization() } }),
      cache: new InMemoryCache(),
    });
    const subscription = client
      .subscribe({ query: gql(SUBSCRIPTION), fetchPolicy: 'no-cache' })
      .subscribe({ next: ({ data, error }) => receive(data ?? error), error: receive });
    return () => subscription.unsubscribe();
  },
  urql(receive) {
    const client = new UrqlClient({
      url: url(),
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      preferGetMethod: false,
      fetchOptions: () => ({ headers: { authorization: authorization() } }),
    });
    const { unsubscribe } = client
      .subscription(SUBSCRIPTION, {})
      .subscribe(({ data, error }) => receive(data ?? error));
    return unsubscribe;
  },
};

const stream = (headers: Readonly<Record<string, string>>) =>
  fetch(url(), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query: SUBSCRIPTION }),
  });

describe('Over the gateway', () => {
  it('a client that comes back gets what it missed, named by its ids', async () => {
    for (const id of ['1', '2', '3']) publish(id);
    const { body } = await stream({ authorization: authorization(), 'last-event-id': 'e1' });
    let text = '';
    for await (const chunk of body!) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.includes('id: e3')) break;
    }
    expect(text.match(/^id: .*$/gm)).toEqual(['id: e2', 'id: e3']);
    expect(text).not.toContain('name of u1');
  });

  it('a caller who may not subscribe is refused before there is a stream', async () => {
    const before = log.subscribed.length;
    const { status, headers } = await stream({ authorization: 'Bearer x' });
    expect([status, headers.get('content-type')]).toEqual([401, 'application/json; charset=utf-8']);
    expect(log.subscribed).toHaveLength(before);
  });

  it('a client that reads no stream cannot subscribe, and is told how it could', async () => {
    const { status, body } = await gateway.query(SUBSCRIPTION, { token: gateway.identity.accessToken() });
    expect([status, body.errors[0].message]).toEqual([406, expect.stringContaining('text/event-stream')]);
  });
});

describe.each(Object.entries(clients))('%s', (_name, subscribe) => {
  it('gets each event with what other subgraphs know of it, and leaves nothing behind', async () => {
    const received: unknown[] = [];
    let wake = (): void => undefined;
    const leave = subscribe((data) => {
      received.push(data);
      wake();
    });
    const until = async (count: number) => {
      while (received.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    await subscribed(1);
    publish('1');
    await until(1);
    publish('2');
    publish('3');
    await until(3);
    expect(
      JSON.parse(JSON.stringify(received, (key, value: unknown) => (key === '__typename' ? undefined : value))),
    ).toEqual(['1', '2', '3'].map(noteOf));
    await leave();
    while (log.open > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

/** A part within a part, of a list, joined with another subgraph. */
const DEFERRED = `{ notes { id ... @defer(label: "who") { author { id ... @defer(label: "name") { name } } } } }`;
type Handler = NonNullable<ConstructorParameters<typeof ApolloClient>[0]['incrementalHandler']>;
const apollo4With = (incrementalHandler: unknown) => (receive: Receive) => {
  const client = new ApolloClient({
    link: new HttpLink({ uri: url() }),
    cache: new InMemoryCache(),
    incrementalHandler: incrementalHandler as Handler, // whose types do not stand `exactOptionalPropertyTypes`
  });
  client.watchQuery({ query: gql(DEFERRED) }).subscribe(({ data, error }) => receive(error ?? data));
};

/** Asks, and hands on all that is known with every part that comes. */
const readers: Readonly<Record<string, (receive: Receive) => void>> = {
  'Apollo Client 4 (2022)': apollo4With(new Defer20220824Handler()),
  'Apollo Client 4 (GraphQL 17)': apollo4With(new GraphQL17Alpha9Handler()),
  'Apollo Client 3'(receive) {
    const client = new apollo3.ApolloClient({
      link: new apollo3.HttpLink({ uri: url() }),
      cache: new apollo3.InMemoryCache(),
    });
    client.watchQuery({ query: gql(DEFERRED) }).subscribe(({ data }) => receive(data));
  },
  urql(receive) {
    const client = new UrqlClient({ url: url(), exchanges: [fetchExchange], preferGetMethod: false });
    client.query(DEFERRED, {}).subscribe(({ data, error }) => receive(error ?? data));
  },
};

describe.each(Object.entries(readers))('%s', (_name, ask) => {
  it('puts together what is deferred, part by part, to the whole answer', async () => {
    const received: string[] = [];
    const whole = await new Promise<unknown>((resolve) =>
      ask((data) => {
        const text = JSON.stringify(data, (key, value: unknown) => (key === '__typename' ? undefined : value)) ?? '';
        received.push(text);
        if (data instanceof Error || text.includes('name of u2'))
          resolve(data instanceof Error ? data : JSON.parse(text));
      }),
    );
    expect(whole).toEqual({
      notes: ['1', '2'].map((id) => ({ id, author: { id: `u${id}`, name: `name of u${id}` } })),
    });
    expect(received.some((text) => text.includes('"1"') && !text.includes('u1'))).toBe(true);
  });
});

describe('A gateway that is stopped', () => {
  it('ends its streams, and is not held up by them', async () => {
    const codes: unknown[] = [];
    const client = createWebSocketClient({
      url: url().replace('http', 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: authorization() },
      on: { closed: (event) => codes.push((event as { code: number }).code) },
    });
    const overWebSocket = client.iterate({ query: SUBSCRIPTION });
    const first = overWebSocket.next();
    await subscribed(1);
    const overSse = (await stream({ authorization: authorization() })).text();
    publish('1');
    expect((await first).value).toMatchObject({ data: noteOf('1') });
    await gateway.close();
    await expect(overWebSocket.next()).rejects.toMatchObject({ code: 1001 });
    expect(await overSse).toContain('name of u1');
    expect(await overSse).not.toContain('complete');
    expect(codes).toEqual([1001]);
  });
});
