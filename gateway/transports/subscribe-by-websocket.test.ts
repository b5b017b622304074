import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CONTEXT_HEADER, SubgraphUnreachable } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import type { WebSocket } from 'ws';
import { COUNTING_SCHEMA, countedTo, countTo } from '../test-support/counting-schema.js';
import { gate } from '../test-support/gate.js';
import { RecordedListener } from '../test-support/recorded-listener.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import {
  acknowledging,
  graphqlWebsocketPeer,
  say,
  websocketPeer,
  type WebsocketPeer,
} from '../test-support/websocket-peer.js';
import { createContextTokens } from './context-tokens.js';
import { httpSubgraph, type HttpSubgraphOptions } from './http-subgraph.js';
import { subscribeByWebsocket, type WebsocketSubscriptionOptions } from './subscribe-by-websocket.js';
import { SubscriptionRefused } from './subscription-refused.js';
import type { SubscriptionTransport } from './upstream-subscription.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});
const closing = <T extends { close(): unknown }>(one: T): T => (opened.push(one), one);

/** Ends what it carries when the test is over. */
const transportTo = (url: string, changes: Partial<WebsocketSubscriptionOptions> = {}) =>
  closing(
    subscribeByWebsocket({
      subgraph: 'notes',
      url,
      maxMessageBytes: 10_000,
      extensionsOf: () => ({}),
      ...changes,
    }),
  );

async function peer(answer: Parameters<typeof websocketPeer>[0], changes: Partial<WebsocketSubscriptionOptions> = {}) {
  const server = closing(await websocketPeer(answer));
  return { server, transport: transportTo(server.url, changes) };
}

const ONE = { query: 'subscription { a }', variables: {}, lastEventId: null };

function listen(transport: SubscriptionTransport, request = ONE as Parameters<SubscriptionTransport['subscribe']>[0]) {
  const heard = new RecordedListener();
  const subscription = transport.subscribe(request, contextFor(), heard);
  return { heard, subscription };
}

const messageOfCause = (error: Error | null): string => ((error as SubgraphUnreachable).cause as Error).message;

async function expectUnreachable(heard: RecordedListener): Promise<string> {
  const error = await heard.end();
  expect(error).toBeInstanceOf(SubgraphUnreachable);
  return messageOfCause(error);
}

describe('A subscription over graphql-transport-ws', () => {
  const counting = () => graphqlWebsocketPeer({ schema: COUNTING_SCHEMA });

  it('hears the events in order, then that the subgraph has ended it', async () => {
    const { url } = closing(await counting());
    const { heard } = listen(transportTo(url), countTo(500));
    expect(await heard.end()).toBeNull();
    expect(heard.events).toEqual(countedTo(500));
  });

  it('that the subgraph refuses ends with what it said', async () => {
    const { url } = closing(await counting());
    const { heard } = listen(transportTo(url), { ...ONE, query: 'subscription { unknown }' });
    const error = (await heard.end()) as SubscriptionRefused;
    expect(error).toBeInstanceOf(SubscriptionRefused);
    expect(error.errors).toMatchObject([{ message: 'Cannot query field "unknown" on type "Subscription".' }]);
  });

  it('shares one socket with all others, which the last one leaves closed', async () => {
    const server = closing(await counting());
    const transport = transportTo(server.url, { idleMs: 0 });
    const all = Array.from({ length: 200 }, () => listen(transport, countTo(3)));
    for (const { heard } of all) {
      expect(await heard.end()).toBeNull();
      expect(heard.events).toEqual(countedTo(3));
    }
    expect(server.sockets).toHaveLength(1);
    await once(server.sockets[0]!, 'close');
  });

  it('gets another socket when the last one was closed for idleness', async () => {
    const server = closing(await counting());
    const transport = transportTo(server.url, { idleMs: 0 });
    await listen(transport, countTo(1)).heard.end();
    await once(server.sockets[0]!, 'close');
    expect(await listen(transport, countTo(1)).heard.end()).toBeNull();
    expect(server.sockets).toHaveLength(2);
  });

  it('is not heard of again once it was closed, and the subgraph is told', async () => {
    const completed = gate();
    const { server, transport } = await peer(
      acknowledging(({ type, id }, socket) => {
        if (type === 'complete') completed.open();
        else for (const a of [1, 2, 3]) say(socket, { type: 'next', id, payload: { data: { a } } });
      }),
      { idleMs: 0 },
    );
    const heard = new RecordedListener();
    const subscription = transport.subscribe(ONE, contextFor(), {
      event: (result) => (heard.event(result), subscription.close()),
      ended: (error) => heard.ended(error),
    });
    await completed.opened;
    await once(server.sockets[0]!, 'close');
    expect([heard.events, heard.ends]).toEqual([[{ data: { a: 1 } }], []]);
    expect(server.messages.map(({ type }) => type)).toEqual(['connection_init', 'subscribe', 'complete']);
  });

  it('that is closed before the connection is acknowledged is never asked for', async () => {
    const initiated = gate();
    const { server, transport } = await peer(({ type }) => void (type === 'connection_init' && initiated.open()));
    const { heard, subscription } = listen(transport);
    await initiated.opened;
    subscription.close();
    const other = listen(transport, { ...ONE, query: 'subscription { other }' });
    say(server.sockets[0]!, { type: 'connection_ack' });
    await once(server.sockets[0]!, 'message');
    expect(server.messages.slice(1)).toMatchObject([
      { type: 'subscribe', payload: { query: 'subscription { other }' } },
    ]);
    other.subscription.close();
    expect([heard.events, heard.ends]).toEqual([[], []]);
  });

  it('is not harmed by the listener of another that throws', async () => {
    const { url } = closing(await counting());
    const transport = transportTo(url);
    const ended = gate();
    const careless = new RecordedListener();
    transport.subscribe(countTo(5), contextFor(), {
      event: () => {
        throw new Error('careless');
      },
      ended: (error) => (careless.ended(error), ended.open()),
    });
    const { heard } = listen(transport, countTo(100));
    expect(await heard.end()).toBeNull();
    expect(heard.events).toHaveLength(100);
    await ended.opened;
    expect(careless.ends).toEqual([new Error('careless')]);
  });
});

describe('A subgraph over graphql-transport-ws is unreachable', () => {
  it('when nothing listens', async () => {
    const { server, transport } = await peer(undefined);
    await server.close();
    expect(await expectUnreachable(listen(transport).heard)).toContain('ECONNREFUSED');
  });

  it('when it dies, for everything it was subscribed to', async () => {
    let subscribed = 0;
    const { transport } = await peer(
      acknowledging((_message, socket) => void (++subscribed === 2 && socket.terminate())),
    );
    const [one, other] = [listen(transport), listen(transport)];
    await expectUnreachable(one.heard);
    await expectUnreachable(other.heard);
  });

  it.each([1000, 1001, 1012, 4500])(
    'when it closes the socket with %i, and is not asked again until somebody wants to',
    async (code) => {
      let closings = 0;
      const { server, transport } = await peer(
        acknowledging(({ id }, socket) => {
          if (closings++ === 0) socket.close(code, 'enough');
          else say(socket, { type: 'complete', id });
        }),
      );
      const again = new RecordedListener();
      const heard = new RecordedListener();
      transport.subscribe(ONE, contextFor(), {
        event: (result) => heard.event(result),
        ended(error) {
          heard.ended(error);
          transport.subscribe({ ...ONE, query: 'subscription { again }' }, contextFor(), again);
        },
      });
      expect(await expectUnreachable(heard)).toBe(`It closed the connection with ${code}: enough.`);
      expect(await again.end()).toBeNull();
      expect(server.messages.filter(({ type }) => type === 'subscribe').map(({ payload }) => payload!.query)).toEqual([
        'subscription { a }',
        'subscription { again }',
      ]);
    },
  );

  it('when it never acknowledges the connection', async () => {
    const { transport } = await peer(() => undefined, { connectTimeoutMs: 50 });
    expect(await expectUnreachable(listen(transport).heard)).toBe(
      'It did not acknowledge the connection within 50 ms.',
    );
  });

  it('when it takes the connection and never says a word', async () => {
    const mute = createServer((socket) => closing({ close: () => socket.destroy() }));
    await new Promise<void>((resolve) => void mute.listen(0, '127.0.0.1', resolve));
    closing({ close: () => mute.close() });
    const { port } = mute.address() as AddressInfo;
    const { heard } = listen(transportTo(`ws://127.0.0.1:${port}/`, { connectTimeoutMs: 50 }));
    expect(await expectUnreachable(heard)).toBe('It did not acknowledge the connection within 50 ms.');
  });

  it('when it no longer answers pings, and is not asked whether it agrees to the end', async () => {
    const { server, transport } = await peer(
      ({ type }, socket) => void (type === 'connection_init' && say(socket, { type: 'connection_ack' })),
      { pingEveryMs: 10, pongTimeoutMs: 20 },
    );
    const { heard } = listen(transport);
    while (server.sockets.length === 0) await new Promise(setImmediate);
    const [abnormal] = await once(server.sockets[0]!, 'close');
    expect(abnormal).toBe(1006);
    expect(await expectUnreachable(heard)).toBe('It did not answer a ping within 20 ms.');
  });

  it('not while it answers pings, however long it is silent', async () => {
    let pings = 0;
    const { transport } = await peer(
      ({ type }, socket) => {
        if (type === 'connection_init') say(socket, { type: 'connection_ack' });
        if (type !== 'ping') return;
        say(socket, { type: 'pong' });
        if (++pings === 30) say(socket, { type: 'next', id: '1', payload: { data: { a: 1 } } });
      },
      { pingEveryMs: 50, pongTimeoutMs: 1_000, connectTimeoutMs: 1_000 },
    );
    expect(await listen(transport).heard.heard(1)).toEqual([{ data: { a: 1 } }]);
  });

  const SECRET = 'what a tenant wrote';
  const garbage: [string, (socket: WebSocket) => void][] = [
    ['text that is not JSON', (socket) => socket.send(SECRET)],
    ['a string', (socket) => socket.send(JSON.stringify(SECRET))],
    ['null', (socket) => socket.send('null')],
    ['a message of no known type', (socket) => say(socket, { type: SECRET })],
    ['an event for nobody', (socket) => say(socket, { type: 'next', payload: { data: SECRET } })],
    ['errors that are none', (socket) => say(socket, { type: 'error', id: '1', payload: SECRET })],
    ['errors of strings', (socket) => say(socket, { type: 'error', id: '1', payload: [SECRET] })],
    ['bytes', (socket) => socket.send(Buffer.from(SECRET))],
    [
      'a message that is too long',
      (socket) => say(socket, { type: 'next', id: '1', payload: { data: { a: SECRET.repeat(1_000) } } }),
    ],
    ['a frame that is none', (socket) => (socket as unknown as { _socket: WritableStreamLike })._socket.write(SECRET)],
  ];

  it.each(garbage)('when it sends %s, which is not repeated in the log', async (_what, send) => {
    const { server, transport } = await peer(acknowledging((_message, socket) => send(socket)));
    const { heard } = listen(transport);
    await expectUnreachable(heard);
    expect(heard.events).toEqual([]);
    expect(inspect(heard.ends, { depth: Infinity })).not.toContain(SECRET);
    expect(server.sockets).toHaveLength(1);
  });

  it('when it sends garbage instead of acknowledging the connection', async () => {
    const { transport } = await peer((_message, socket) => say(socket, { type: 'complete', id: '1' }));
    await expectUnreachable(listen(transport).heard);
  });

  it.each([{}, { data: [] }, { errors: [] }, { data: {}, errors: ['x'] }])(
    'for the one subscription that it sends %j as an event',
    async (payload) => {
      const { transport } = await peer(
        acknowledging(({ type, id }, socket) => {
          if (type === 'subscribe')
            say(socket, { type: 'next', id, payload: id === '1' ? payload : { data: { a: 1 } } });
        }),
      );
      const [one, other] = [listen(transport), listen(transport)];
      expect(await expectUnreachable(one.heard)).toBe('It sent an event that is no GraphQL response.');
      expect(await other.heard.heard(1)).toEqual([{ data: { a: 1 } }]);
    },
  );
});

interface WritableStreamLike {
  write(text: string): void;
}

describe('Over graphql-transport-ws a subgraph is told about the caller', () => {
  const contextTokens = createContextTokens();
  async function behindHttp(changes: Partial<HttpSubgraphOptions> = {}) {
    const server = closing(await websocketPeer(acknowledging()));
    const routingUrl = server.url.replace('ws:', 'http:');
    return { server, subgraph: closing(httpSubgraph({ name: 'notes', routingUrl, contextTokens, ...changes })) };
  }
  const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const request = { ...ONE, lastEventId: 'e7', headers: { 'X-Canary': 'yes', 'X-Inevitable-Context': 'forged' } };
  const subscribed = async (server: WebsocketPeer) => {
    while (server.sockets.length === 0) await new Promise(setImmediate);
    while (server.messages.length < 2) await once(server.sockets[0]!, 'message');
    return server.messages;
  };

  it('in each subscribe message, and nowhere else', async () => {
    const { server, subgraph } = await behindHttp();
    const heard = new RecordedListener();
    subgraph.subscriptions.subscribe(request, contextFor({ trace }), heard);
    const [init, subscribe] = await subscribed(server);
    expect(init).toEqual({ type: 'connection_init' });
    const { [CONTEXT_HEADER]: token, ...rest } = subscribe!.payload!.extensions!;
    expect(jwt.decode(token!)).toMatchObject({ aud: 'notes', knd: 'anonymous' });
    expect(rest).toEqual({ 'x-request-id': 'r1', traceparent: trace, 'x-canary': 'yes', lastEventId: 'e7' });
    const { url, headers } = server.requests[0]!;
    expect(JSON.stringify([url, headers])).not.toContain(token);
    server.sockets[0]!.terminate();
    await expectUnreachable(heard);
    expect(inspect(heard.ends, { depth: Infinity, showHidden: true })).not.toContain(token);
  });

  it('not at all where it is to be told nothing', async () => {
    const { server, subgraph } = await behindHttp({ contextTokens: null });
    subgraph.subscriptions.subscribe(ONE, contextFor({ trace }), new RecordedListener());
    expect((await subscribed(server))[1]!.payload).toEqual({ query: ONE.query, variables: {} });
  });

  it('where its subscriptions are, if that is not where its operations are', async () => {
    const server = closing(await websocketPeer(acknowledging()));
    const { subgraph } = await behindHttp({
      subscriptions: { protocol: 'graphql-transport-ws', url: `${server.url}/live?x=1#y` },
    });
    subgraph.subscriptions.subscribe(ONE, contextFor(), new RecordedListener());
    await subscribed(server);
    expect(server.requests[0]!.url).toBe('/graphql/live?x=1');
  });

  it('until it is closed, which ends its subscriptions for good', async () => {
    const { server, subgraph } = await behindHttp();
    const [heard, again] = [new RecordedListener(), new RecordedListener()];
    subgraph.subscriptions.subscribe(ONE, contextFor(), {
      event: (result) => heard.event(result),
      ended(error) {
        heard.ended(error);
        subgraph.subscriptions.subscribe(ONE, contextFor(), again);
      },
    });
    await subscribed(server);
    await subgraph.close();
    expect(await expectUnreachable(heard)).toBe('The gateway closed the connection.');
    expect(await expectUnreachable(again)).toBe('The gateway closed its connection before.');
  });
});
