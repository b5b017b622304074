import { afterEach, describe, expect, it } from '@jest/globals';
import { Client as UrqlClient, fetchExchange, gql } from '@urql/core';
import { createClient } from 'graphql-sse';
import { badRequest } from '../graphql-over-http/request-refused.js';
import { refused } from '../graphql-over-http/refuse-document.js';
import { answered, fedStream, transportServer, type TransportServer } from '../test-support/transport-server.js';
import { StreamPayload } from './client-stream.js';
import { eventStream } from './event-stream.js';

const SUBSCRIPTION = 'subscription { count }';
let server: TransportServer;
afterEach(() => server.close());

/** As `EventSource` and the like read it: bytes. */
const events = (headers: Readonly<Record<string, string>> = {}, query = SUBSCRIPTION) =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify({ query }),
  });

describe('The graphql-sse client', () => {
  const client = () => createClient({ url: server.url, retryAttempts: 0 });

  it('reads every event of a subscription, and its end', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const results = client().iterate({ query: SUBSCRIPTION });
    stream.event(1);
    stream.event('two\nlines\u2028');
    expect((await results.next()).value).toEqual({ data: { count: 1 } });
    expect((await results.next()).value).toEqual({ data: { count: 'two\nlines\u2028' } });
    stream.event(3);
    stream.end();
    expect((await results.next()).value).toEqual({ data: { count: 3 } });
    expect((await results.next()).done).toBe(true);
    expect(server.received[0]).toMatchObject({ query: SUBSCRIPTION, mayStream: true, incremental: null });
  });

  it('ends the subscription by leaving', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const results = client().iterate({ query: SUBSCRIPTION });
    stream.event(1);
    await results.next();
    await results.return!();
    await stream.left;
    expect(server.received[0]!.facts.end.reason).toMatchObject({ message: 'The client left.' });
  });

  it('reads the one answer of a query, of which it is the only event', async () => {
    server = await transportServer({ open: async () => answered({ open: 'yes' }) });
    const results = client().iterate({ query: '{ open }' });
    expect((await results.next()).value).toEqual({ data: { open: 'yes' } });
    expect((await results.next()).done).toBe(true);
  });

  it('is told what is wrong with its document, and does not try again', async () => {
    server = await transportServer({
      open: () => Promise.reject(refused('GRAPHQL_VALIDATION_FAILED', [{ message: 'No such field.' }])),
    });
    const results = client().iterate({ query: 'subscription { nothing }' });
    expect((await results.next()).value).toEqual({
      errors: [{ message: 'No such field.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    expect((await results.next()).done).toBe(true);
  });

  it('is told of a failure by the last event', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const results = client().iterate({ query: SUBSCRIPTION });
    const ended = { errors: [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }] };
    stream.payload(ended);
    stream.end();
    expect((await results.next()).value).toEqual(ended);
    expect((await results.next()).done).toBe(true);
  });

  it('comes back by itself when its gateway is stopped, having read what was queued', async () => {
    const streams = [fedStream(), fedStream()];
    server = await transportServer({ open: async () => streams[server.received.length - 1]!.opened });
    const comesBack = createClient({ url: server.url, retryAttempts: 1, retry: async () => undefined });
    const results = comesBack.iterate({ query: SUBSCRIPTION });
    streams[0]!.event(1);
    expect((await results.next()).value).toEqual({ data: { count: 1 } });
    const { url } = server;
    streams[0]!.event(2);
    streams[0]!.event(3);
    server.stop();
    for (const count of [2, 3]) expect((await results.next()).value).toEqual({ data: { count } });
    await expect(results.next()).rejects.toThrow(); // here, at the same gateway, which keeps none of its streams
    expect(server.received.map(({ query }) => query)).toEqual([SUBSCRIPTION, SUBSCRIPTION]);
    expect(url).toBe(server.url);
  });
});

describe('urql', () => {
  it('subscribes over server-sent events', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const client = new UrqlClient({
      url: server.url,
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      preferGetMethod: false,
    });
    const counts: unknown[] = [];
    const ended = new Promise<void>((resolve) =>
      client.subscription(gql(SUBSCRIPTION), {}).subscribe(({ data, hasNext }) => {
        if (data) counts.push(data.count);
        if (!hasNext) resolve();
      }),
    );
    stream.event(1);
    stream.event(2);
    stream.end();
    await ended;
    expect(counts).toEqual([1, 2, 2]); // the last once more, as what there is at the end
  });
});

describe('An event stream', () => {
  it('is never kept, changed or held back on its way, and begins before its first event', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const { status, headers, body } = await events();
    expect([
      status,
      headers.get('content-type'),
      headers.get('cache-control'),
      headers.get('x-accel-buffering'),
    ]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store', 'no']);
    const { value } = await body!.getReader().read();
    expect(Buffer.from(value!).toString()).toBe(':\n\n');
  });

  it('names its events, and goes on after the one the client names', async () => {
    const stream = fedStream();
    server = await transportServer({ open: async () => stream.opened });
    const response = events({ 'last-event-id': '41' });
    stream.event(1, '42');
    stream.end();
    expect(await (await response).text()).toBe(
      ':\n\nevent: next\nid: 42\ndata: {"data":{"count":1}}\n\nevent: complete\ndata:\n\n',
    );
    expect(server.received[0]!.lastEventId).toBe('41');
  });

  it.each(['x'.repeat(201), 'a\u00e9'])('refuses to go on after what names no event: %.10j', async (id) => {
    server = await transportServer({ open: async () => fedStream().opened });
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: SUBSCRIPTION, extensions: { lastEventId: id } }),
    });
    expect([response.status, server.received]).toEqual([400, []]);
  });

  it('is refused with an ordinary status where no document is at fault', async () => {
    server = await transportServer({ open: () => Promise.reject(badRequest('Not now.', 429)) });
    const response = await events();
    expect([response.status, response.headers.get('content-type')]).toEqual([429, 'application/json; charset=utf-8']);
  });

  it('cannot be written to by whoever names an event or spaces its JSON', () => {
    const forged = new StreamPayload('{"data":\n\nevent: complete\r\n{}}', '1\n\nevent: complete');
    expect(eventStream.write(forged)).toBe('event: next\ndata: {"data": event: complete {}}\n\n');
  });
});
