import { ApolloClient, gql, HttpLink, InMemoryCache, type Observable } from '@apollo/client';
import { CombinedProtocolErrors } from '@apollo/client/errors';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client as UrqlClient, fetchExchange } from '@urql/core';
import * as apollo3 from 'apollo-client-3/core/index.js';
import { answered, fedStream, transportServer, type TransportServer } from '../test-support/transport-server.js';

const SUBSCRIPTION = gql('subscription { count }');
const DEFERRED = gql('{ now ... @defer(label: "slow") { later } }');

let server: TransportServer;
afterEach(() => server.close());

interface Seen {
  readonly results: unknown[];
  /** Resolves with the error, or null at the end. */
  readonly ended: Promise<unknown>;
  /** Resolves when there are so many results. */
  until(count: number): Promise<void>;
}

interface Subscribable {
  subscribe(observer: { next(value: unknown): void; error(error: unknown): void; complete(): void }): unknown;
}

function watch(observable: Subscribable, read: (result: never) => unknown): Seen {
  const results: unknown[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const ended = new Promise<unknown>((resolve) =>
    observable.subscribe({
      next(value) {
        results.push(read(value as never));
        for (const { count, resolve: reached } of waiting) if (results.length >= count) reached();
      },
      error: resolve,
      complete: () => resolve(null),
    }),
  );
  return {
    results,
    ended,
    until: (count) =>
      results.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
  };
}

type Handler = NonNullable<ConstructorParameters<typeof ApolloClient>[0]['incrementalHandler']>;
const apollo4Client = (incrementalHandler: unknown = new Defer20220824Handler()) =>
  new ApolloClient({
    link: new HttpLink({ uri: server.url }),
    cache: new InMemoryCache(),
    incrementalHandler: incrementalHandler as Handler, // whose types do not stand `exactOptionalPropertyTypes`
  });
const apollo3Client = () =>
  new apollo3.ApolloClient({
    link: new apollo3.HttpLink({ uri: server.url }),
    cache: new apollo3.InMemoryCache(),
  });

const subscribers: Readonly<Record<string, () => Seen>> = {
  'Apollo Client 4': () =>
    watch(apollo4Client().subscribe({ query: SUBSCRIPTION }) as Observable<unknown>, ({ data, error }) =>
      error === undefined ? data : error,
    ),
  'Apollo Client 3': () =>
    watch(apollo3Client().subscribe({ query: SUBSCRIPTION, fetchPolicy: 'no-cache' }), ({ data }) => data),
};

describe.each(Object.entries(subscribers))('%s', (_name, subscribe) => {
  it('reads every event of a subscription as it comes, and its end', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const seen = subscribe();
    stream.event(1);
    await seen.until(1);
    stream.event('two\r\n--graphql--\r\nü');
    await seen.until(2);
    stream.event(3);
    stream.end();
    expect(await seen.ended).toBeNull();
    expect(seen.results).toEqual([{ count: 1 }, { count: 'two\r\n--graphql--\r\nü' }, { count: 3 }]);
    expect(server.received[0]).toMatchObject({ mayStream: true, incremental: null });
  });
});

describe('A multipart subscription', () => {
  it('that fails is an error for Apollo Client 4', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const seen = subscribers['Apollo Client 4']!();
    const failure = { message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } };
    stream.event(1);
    stream.payload({ errors: [failure] });
    stream.end();
    await seen.ended;
    expect(seen.results[0]).toEqual({ count: 1 });
    expect(seen.results[1]).toBeInstanceOf(CombinedProtocolErrors);
    expect((seen.results[1] as CombinedProtocolErrors).errors).toEqual([failure]);
  });

  it('that fails is an error for Apollo Client 3', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const seen = subscribers['Apollo Client 3']!();
    const failure = { message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } };
    stream.payload({ errors: [failure] });
    stream.end();
    expect(await seen.ended).toMatchObject({ protocolErrors: [failure] });
  });

  it('of a gateway that is stopped says so, after what was queued', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const seen = subscribers['Apollo Client 4']!();
    stream.event(1);
    await seen.until(1);
    stream.event(2);
    server.stop();
    await seen.ended;
    expect(seen.results).toEqual([{ count: 1 }, { count: 2 }, expect.any(CombinedProtocolErrors)]);
    await stream.left;
  });

  it('whose event has errors beside data goes on', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const seen = watch(
      apollo4Client().subscribe({ query: SUBSCRIPTION, errorPolicy: 'all' }) as Observable<unknown>,
      ({ data }) => data,
    );
    stream.payload({ errors: [{ message: 'No count.', path: ['count'] }], data: { count: null } });
    stream.event(2);
    await seen.until(2);
    expect(seen.results).toEqual([{ count: null }, { count: 2 }]);
  });
});

/** What the same increments are in each specification. */
const INCREMENTS = {
  'deferSpec=20220824': [
    { data: { now: 1 }, hasNext: true },
    { incremental: [{ path: [], label: 'slow', data: { later: 2 } }], hasNext: false },
  ],
  'incrementalSpec=v0.2': [
    { data: { now: 1 }, pending: [{ id: '0', path: [], label: 'slow' }], hasNext: true },
    { incremental: [{ id: '0', data: { later: 2 } }], completed: [{ id: '0' }], hasNext: false },
  ],
} as const;

const deferring: Readonly<Record<string, { spec: keyof typeof INCREMENTS; query: () => Seen }>> = {
  'Apollo Client 4 (2022)': {
    spec: 'deferSpec=20220824',
    query: () => watch(apollo4Client().watchQuery({ query: DEFERRED }) as Subscribable, ({ data }) => data),
  },
  'Apollo Client 4 (GraphQL 17)': {
    spec: 'incrementalSpec=v0.2',
    query: () =>
      watch(
        apollo4Client(new GraphQL17Alpha9Handler()).watchQuery({ query: DEFERRED }) as Subscribable,
        ({ data }) => data,
      ),
  },
  'Apollo Client 3': {
    spec: 'deferSpec=20220824',
    query: () => watch(apollo3Client().watchQuery({ query: DEFERRED }), ({ data }) => data),
  },
  urql: {
    spec: 'deferSpec=20220824',
    query: () => {
      const client = new UrqlClient({ url: server.url, exchanges: [fetchExchange], preferGetMethod: false });
      return watch(
        {
          subscribe: ({ next }: { next(value: unknown): void }) =>
            client.query(DEFERRED, {}).subscribe((result) => next(result)),
        },
        ({ data }) => data,
      );
    },
  },
};

describe.each(Object.entries(deferring))('%s', (_name, { spec, query }) => {
  it('shows the primary answer before what is deferred', async () => {
    const [primary, rest] = INCREMENTS[spec];
    const stream = fedStream('increments');
    server = await transportServer({ open: async () => stream.opened });
    const seen = query();
    stream.payload(primary);
    const shown = (results: unknown[], key: string) =>
      results.filter((data) => (data as Record<string, unknown> | undefined)?.[key] !== undefined).length;
    for (let count = 1; shown(seen.results, 'now') === 0; count += 1) await seen.until(count);
    expect(seen.results.at(-1)).toMatchObject({ now: 1 });
    expect(seen.results.at(-1)).not.toHaveProperty('later');
    stream.payload(rest);
    stream.end();
    for (let count = 2; shown(seen.results, 'later') === 0; count += 1) await seen.until(count);
    expect(seen.results.at(-1)).toMatchObject({ now: 1, later: 2 });
    expect(server.received[0]).toMatchObject({ incremental: spec });
  });

  it('reads one answer where nothing is deferred after all', async () => {
    server = await transportServer({ open: async () => answered({ now: 1, later: 2 }) });
    const seen = query();
    for (let count = 1; seen.results.at(-1) === undefined; count += 1) await seen.until(count);
    expect(seen.results.at(-1)).toMatchObject({ now: 1, later: 2 });
  });
});

describe('A response in parts', () => {
  it('of a deferred answer is finished by a gateway that is being stopped', async () => {
    const stream = fedStream('increments');
    server = await transportServer({ open: async () => stream.opened });
    const seen = deferring['Apollo Client 4 (2022)']!.query();
    const [primary, rest] = INCREMENTS['deferSpec=20220824'];
    stream.payload(primary);
    await seen.until(1);
    server.stop();
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    stream.payload(rest);
    stream.end();
    for (let count = 2; !Object.hasOwn(seen.results.at(-1) ?? {}, 'later'); count += 1) await seen.until(count);
    expect(seen.results.at(-1)).toMatchObject({ now: 1, later: 2 });
  });

  const parts = async (accept: string) => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: '{ now }' }),
    });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };
  const HEAD = 'Content-Type: application/json; charset=utf-8';

  it('ends each increment with the next boundary, so that it can be read at once', async () => {
    const stream = fedStream('increments');
    server = await transportServer({ open: async () => stream.opened });
    const response = parts('multipart/mixed;deferSpec=20220824');
    for (const payload of INCREMENTS['deferSpec=20220824']) stream.payload(payload);
    stream.end();
    const [primary, rest] = INCREMENTS['deferSpec=20220824'].map((payload) => JSON.stringify(payload));
    expect(await response).toEqual({
      type: 'multipart/mixed; boundary="-"; deferSpec=20220824',
      text: `\r\n---\r\n${HEAD}\r\n\r\n${primary}\r\n---\r\n${HEAD}\r\n\r\n${rest}\r\n-----\r\n`,
    });
  });

  it('holds the one answer of a client that reads nothing else', async () => {
    server = await transportServer({ open: async () => answered({ now: 1 }) });
    expect(await parts('multipart/mixed;subscriptionSpec="1.0"')).toEqual({
      type: 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
      text: `\r\n--graphql\r\n${HEAD}\r\n\r\n{"payload":{"data":{"now":1}}}\r\n--graphql--\r\n`,
    });
  });
});
