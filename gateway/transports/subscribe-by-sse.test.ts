import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CONTEXT_HEADER, SubgraphUnreachable } from '@inevitable/contract';
import { createHandler } from 'graphql-sse/lib/use/http';
import jwt from 'jsonwebtoken';
import { COUNTING_SCHEMA, countedTo, countTo } from '../test-support/counting-schema.js';
import { gate } from '../test-support/gate.js';
import { RecordedListener } from '../test-support/recorded-listener.js';
import { contextFor, httpPeer } from '../test-support/test-subgraphs.js';
import { createContextTokens } from './context-tokens.js';
import { httpSubgraph, type HttpSubgraphOptions } from './http-subgraph.js';
import { subscribeBySse, type SseSubscriptionOptions } from './subscribe-by-sse.js';
import { SubscriptionRefused } from './subscription-refused.js';
import type { SubscriptionTransport } from './upstream-subscription.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const one of opened.splice(0).reverse()) await one.close();
});
const closing = <T extends { close(): unknown }>(one: T): T => (opened.push(one), one);

const ONE = { query: 'subscription { a }', variables: {}, lastEventId: null };

async function peer(answer: Parameters<typeof httpPeer>[0], changes: Partial<SseSubscriptionOptions> = {}) {
  const server = closing(await httpPeer(answer));
  const transport = closing(
    subscribeBySse({
      subgraph: 'notes',
      url: `${server.url}/graphql?x=1`,
      maxBytes: 10_000,
      answerTimeoutMs: 10_000,
      headersOf: () => ({}),
      ...changes,
    }),
  );
  return { server, transport };
}

const counting = () => peer(createHandler({ schema: COUNTING_SCHEMA }));

function listen(transport: SubscriptionTransport, request: Parameters<SubscriptionTransport['subscribe']>[0] = ONE) {
  const heard = new RecordedListener();
  const subscription = transport.subscribe(request, contextFor(), heard);
  return { heard, subscription };
}

async function expectUnreachable(heard: RecordedListener): Promise<string> {
  const error = await heard.end();
  expect(error).toBeInstanceOf(SubgraphUnreachable);
  return ((error as SubgraphUnreachable).cause as Error).message;
}

/** The head of a stream, and its first text. */
const stream = (response: ServerResponse, text: string): boolean =>
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).write(text);
const next = (data: string, more = ''): string => `event: next\n${more}data: ${data}\n\n`;

describe('A subscription over SSE', () => {
  it('hears the events in order, then that the subgraph has ended it', async () => {
    const { server, transport } = await counting();
    const { heard } = listen(transport, countTo(500));
    expect(await heard.end()).toBeNull();
    expect(heard.events).toEqual(countedTo(500));
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/graphql?x=1',
      headers: { accept: 'text/event-stream' },
    });
  });

  it('that the subgraph refuses ends with what it said', async () => {
    const { transport } = await peer((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/graphql-response+json; charset=utf-8' });
      response.end('{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}');
    });
    const error = (await listen(transport).heard.end()) as SubscriptionRefused;
    expect(error).toBeInstanceOf(SubscriptionRefused);
    expect(error.errors).toEqual([{ message: 'no', extensions: { code: 'FORBIDDEN' } }]);
  });

  it('is not heard of again once it was closed, and the subgraph sees its connection end', async () => {
    const left = gate();
    const { transport } = await peer((request, response) => {
      request.socket.once('close', left.open);
      stream(response, next('{"data":{"a":1}}') + next('{"data":{"a":2}}'));
    });
    const heard = new RecordedListener();
    const subscription = transport.subscribe(ONE, contextFor(), {
      event: (result) => (heard.event(result), subscription.close()),
      ended: (error) => heard.ended(error),
    });
    await left.opened;
    expect([heard.events, heard.ends]).toEqual([[{ data: { a: 1 } }], []]);
  });

  it('that is closed at once is never asked for', async () => {
    const { server, transport } = await counting();
    const { heard, subscription } = listen(transport, countTo(1));
    subscription.close();
    await listen(transport, countTo(1)).heard.end();
    expect([server.requests.length, heard.events, heard.ends]).toEqual([1, [], []]);
  });

  it('has heard its end when the subgraph says so, and does not wait for the end of the answer', async () => {
    const left = gate();
    const { transport } = await peer((request, response) => {
      request.socket.once('close', left.open);
      stream(response, 'event: complete\n\n');
    });
    expect(await listen(transport).heard.end()).toBeNull();
    await left.opened;
  });

  it('may be silent for as long as it likes', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] });
    const answers: ServerResponse[] = [];
    const { transport } = await peer((_request, response) => {
      answers.push(response);
      stream(response, next('{"data":{"a":1}}'));
    });
    const { heard } = listen(transport);
    await heard.heard(1);
    jest.advanceTimersByTime(3_600_000);
    answers[0]!.write(next('{"data":{"a":2}}'));
    expect(await heard.heard(2)).toEqual([{ data: { a: 1 } }, { data: { a: 2 } }]);
  });

  it("takes the stream's id for the event's, where the event names none", async () => {
    const { transport } = await peer((_request, response) => {
      const named = '{"data":{"a":2},"extensions":{"eventId":"own"}}';
      stream(response, next('{"data":{"a":1}}', 'id: e1\n') + next(named, 'id: e2\n') + next('{"data":{"a":3}}'));
    });
    const { heard } = listen(transport);
    expect(await heard.heard(3)).toEqual([
      { data: { a: 1 }, extensions: { eventId: 'e1' } },
      { data: { a: 2 }, extensions: { eventId: 'own' } },
      { data: { a: 3 } },
    ]);
  });
});

describe('A subgraph over SSE is unreachable', () => {
  it('when nothing listens', async () => {
    const { server, transport } = await counting();
    await server.close();
    expect(await expectUnreachable(listen(transport).heard)).toContain('ECONNREFUSED');
  });

  it('when it dies', async () => {
    const { transport } = await peer((_request, response) => {
      stream(response, next('{"data":{"a":1}}'));
      setImmediate(() => response.destroy());
    });
    const { heard } = listen(transport);
    await expectUnreachable(heard);
    expect(heard.events).toEqual([{ data: { a: 1 } }]);
  });

  it('when it never answers', async () => {
    const { server, transport } = await peer(() => undefined, { answerTimeoutMs: 50 });
    expect(await expectUnreachable(listen(transport).heard)).toBe(
      `${server.url}/graphql?x=1 did not answer within 50 ms.`,
    );
  });

  const SECRET = 'what a tenant wrote';
  const with_ = (status: number, type: string, body: string) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(body);
  it.each<[string, (response: ServerResponse) => unknown]>([
    ['answers with a page', with_(200, 'text/html', SECRET)],
    ['refuses the gateway', with_(401, 'application/json', '{"errors":[{"message":"no"}]}')],
    ['answers with one result', with_(200, 'application/json', '{"data":{"a":1}}')],
    ['answers with JSON that is not', with_(400, 'application/json', SECRET)],
    ['fails', with_(500, 'text/event-stream', next('{"data":{"a":1}}'))],
    [
      'refuses at too great a length',
      with_(400, 'application/json', `{"errors":[{"message":"${'x'.repeat(20_000)}"}]}`),
    ],
    ['ends its stream before the subscription', with_(200, 'text/event-stream', ': hello\n\n')],
    ['sends an event that is not JSON', (response) => stream(response, next(SECRET))],
    ['sends an event that is no result', (response) => stream(response, next(`{"a":"${SECRET}"}`))],
    ['sends a line without end', (response) => stream(response, SECRET.repeat(1_000))],
    [
      'answers compressed',
      (response) =>
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).write('x'),
    ],
  ])('when it %s, which is not repeated in the log', async (_what, answer) => {
    const { transport } = await peer((_request, response) => void answer(response));
    const { heard } = listen(transport);
    await expectUnreachable(heard);
    expect(heard.events).toEqual([]);
    expect(inspect(heard.ends, { depth: Infinity })).not.toContain(SECRET);
  });
});

describe('Over SSE a subgraph', () => {
  const contextTokens = createContextTokens();
  async function behindHttp(answer: Parameters<typeof httpPeer>[0], changes: Partial<HttpSubgraphOptions> = {}) {
    const server = closing(await httpPeer(answer));
    const subgraph = closing(
      httpSubgraph({
        name: 'notes',
        routingUrl: `${server.url}/graphql`,
        contextTokens,
        subscriptions: { protocol: 'sse' },
        ...changes,
      }),
    );
    return { server, subgraph };
  }
  const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

  it('is told about the caller in headers, none of them an extension’s', async () => {
    const asked = gate();
    let body = '';
    const { server, subgraph } = await behindHttp(async (request, response) => {
      body = await textOf(request);
      response.destroy();
      asked.open();
    });
    const headers = { 'X-Canary': 'yes', 'X-Inevitable-Context': 'forged', Accept: 'forged' };
    const heard = new RecordedListener();
    subgraph.subscriptions.subscribe({ ...ONE, lastEventId: 'e7', headers }, contextFor({ trace }), heard);
    await asked.opened;
    const got = server.requests[0]!.headers;
    expect(got).toMatchObject({
      'x-request-id': 'r1',
      traceparent: trace,
      'x-canary': 'yes',
      'last-event-id': 'e7',
      accept: 'text/event-stream',
    });
    expect(jwt.decode(got[CONTEXT_HEADER] as string)).toMatchObject({ aud: 'notes', knd: 'anonymous' });
    expect(JSON.parse(body)).toEqual({ query: ONE.query, variables: {} });
    await expectUnreachable(heard);
    expect(inspect(heard.ends, { depth: Infinity, showHidden: true })).not.toContain(got[CONTEXT_HEADER]);
  });

  it('that is to be told nothing gets no context token', async () => {
    const { server, subgraph } = await behindHttp((_request, response) => void response.destroy(), {
      contextTokens: null,
    });
    await expectUnreachable(listen(subgraph.subscriptions).heard);
    expect(server.requests[0]!.headers).not.toHaveProperty(CONTEXT_HEADER);
  });

  it('answers fetches while it is subscribed to more often than there are connections for them', async () => {
    const { subgraph } = await behindHttp((request, response) => {
      if (request.headers.accept === 'text/event-stream') stream(response, next('{"data":{"a":1}}'));
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"b":1}}');
    });
    const all = Array.from({ length: 140 }, (_, at) => listen(subgraph.subscriptions, { ...ONE, variables: { at } }));
    for (const { heard } of all) await heard.heard(1);
    expect(await subgraph.execute({ query: '{ b }' }, contextFor())).toEqual({ data: { b: 1 } });
  });

  it('that is closed has its subscriptions ended for good', async () => {
    const { server, subgraph } = await behindHttp(
      (_request, response) => void stream(response, next('{"data":{"a":1}}')),
    );
    const { heard } = listen(subgraph.subscriptions);
    await heard.heard(1);
    const [connection] = server.connections;
    const ended = once(connection!, 'close');
    await subgraph.close();
    expect(await expectUnreachable(heard)).toBe('The gateway closed the connection.');
    await ended;
    await expectUnreachable(listen(subgraph.subscriptions).heard);
  });
});
