import { once } from 'node:events';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { SubgraphUnreachable, Unauthenticated } from '@inevitable/contract';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket, type ClientOptions } from 'ws';
import { authorizationIn } from '../authentication/authenticate-caller.js';
import { refused } from '../graphql-over-http/refuse-document.js';
import type { OpenedOperation } from '../pipeline/open-operation.js';
import { gate } from '../test-support/gate.js';
import { answered, fedStream, transportServer, type TransportServer } from '../test-support/transport-server.js';
import type { WebSocketParts } from './serve-websocket.js';
import { WEB_SOCKET_LIMITS } from './web-socket-limits.js';

const SUBSCRIPTION = 'subscription { count }';
let server: TransportServer;
const clients: Client[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const client of clients.splice(0)) void client.dispose();
  for (const socket of sockets.splice(0)) socket.terminate();
  await server.close();
});

const serve = async (
  open: () => Promise<OpenedOperation>,
  parts: Partial<WebSocketParts> & { connections?: number } = {},
) => {
  server = await transportServer({ open, ...parts });
};
const good: WebSocketParts['authenticate'] = (rawHeaders) => {
  const credential = authorizationIn(rawHeaders);
  if (credential !== null && credential !== 'Bearer good') throw new Unauthenticated();
};
/** Only what the transport waits for is advanced by hand; the network's own time goes on. */
const stopTheClock = () =>
  void jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance', 'Date'],
  });

function client(options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
  const made = createClient({ url: server.webSocketUrl, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
  clients.push(made);
  return made;
}

/** A socket without a client library: what is sent is up to the test. */
async function socket(options: ClientOptions & { protocols?: string[] } = {}) {
  const made = new WebSocket(server.webSocketUrl, options.protocols ?? ['graphql-transport-ws'], options);
  sockets.push(made);
  made.on('error', () => undefined);
  const messages: Record<string, unknown>[] = [];
  const waiting: (() => void)[] = [];
  made.on('message', (data) => {
    messages.push(JSON.parse(String(data)) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  const closed = new Promise<[number, string]>((resolve) =>
    made.once('close', (code, reason) => resolve([code, String(reason)])),
  );
  await once(made, 'open');
  return {
    made,
    messages,
    closed,
    send: (...sent: object[]) => {
      for (const message of sent) made.send(JSON.stringify(message));
    },
    /** Resolves when something is so of the messages. */
    until: (isSo: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => isSo() && resolve();
        waiting.push(look);
        look();
      }),
  };
}
const INIT = { type: 'connection_init' };
const subscribe = (id: string, payload: object = {}) => ({
  type: 'subscribe',
  id,
  payload: { query: SUBSCRIPTION, ...payload },
});
/** One that has said who it is, and was let in. */
async function admitted(options: ClientOptions = {}) {
  const made = await socket(options);
  made.send(INIT);
  await made.until(() => made.messages.length === 1);
  return made;
}
/** 12 s, by the end of which each client has answered its ping. */
async function heartbeat(...of: Awaited<ReturnType<typeof socket>>[]): Promise<void> {
  const pinged = Promise.all(of.map(({ made }) => once(made, 'ping')));
  jest.advanceTimersByTime(12_000);
  await pinged;
  const answered = of.map(async ({ messages, send, until }) => {
    const before = messages.length;
    send({ type: 'ping' }); // answered after the pong was read, which is on its way
    await until(() => messages.length > before);
  });
  await Promise.all(answered);
}
async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe('The graphql-ws client', () => {
  it('reads every event of a subscription, and its end', async () => {
    const stream = fedStream();
    await serve(async () => stream.opened);
    const results = client().iterate({ query: SUBSCRIPTION, extensions: { lastEventId: '41' } });
    stream.event(1);
    stream.event(2);
    expect((await results.next()).value).toEqual({ data: { count: 1 } });
    expect((await results.next()).value).toEqual({ data: { count: 2 } });
    stream.end();
    expect((await results.next()).done).toBe(true);
    expect(server.received[0]).toMatchObject({
      mayMutate: true,
      mayStream: true,
      incremental: null,
      lastEventId: '41',
    });
  });

  it('reads the one answer of a query or mutation', async () => {
    await serve(async () => answered({ open: 'yes' }));
    const results = client().iterate({ query: 'mutation { open }', variables: { a: 1 } });
    expect((await results.next()).value).toEqual({ data: { open: 'yes' } });
    expect((await results.next()).done).toBe(true);
    expect(server.received[0]).toMatchObject({ variables: { a: 1 }, operationName: null });
  });

  it('ends the subscription by leaving it, and goes on with others', async () => {
    const streams = [fedStream(), fedStream()] as const;
    await serve(async () => streams[server.received.length - 1]!.opened);
    const shared = client();
    const [one, other] = [shared.iterate({ query: SUBSCRIPTION }), shared.iterate({ query: SUBSCRIPTION })];
    streams[0].event(1);
    expect((await one.next()).value).toEqual({ data: { count: 1 } });
    await one.return!();
    await streams[0].left;
    streams[1].event(2);
    expect((await other.next()).value).toEqual({ data: { count: 2 } });
  });

  it('is told why an operation is refused', async () => {
    await serve(() => Promise.reject(refused('GRAPHQL_VALIDATION_FAILED', [{ message: 'No such field.' }])));
    await expect(client().iterate({ query: SUBSCRIPTION }).next()).rejects.toEqual([
      { message: 'No such field.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
  });

  it('is told of a failure on our side without its detail', async () => {
    await serve(() => Promise.reject(new TypeError('secret')));
    await expect(client().iterate({ query: SUBSCRIPTION }).next()).rejects.toEqual([
      { message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } },
    ]);
  });

  it('is told when its subscription fails, after what came before', async () => {
    const stream = fedStream();
    await serve(async () => stream.opened);
    const results = client().iterate({ query: SUBSCRIPTION });
    const ended = [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }];
    stream.event(1);
    stream.payload({ errors: ended });
    stream.end();
    expect((await results.next()).value).toEqual({ data: { count: 1 } });
    await expect(results.next()).rejects.toEqual(ended);
  });

  it('comes back by itself when its gateway is stopped, having read what was queued', async () => {
    const stream = fedStream();
    await serve(async () => stream.opened);
    const closed = gate();
    let code: number | undefined;
    const results = client({
      on: {
        closed: (event) => {
          ({ code } = event as { code: number });
          closed.open();
        },
      },
    }).iterate({ query: SUBSCRIPTION });
    stream.event(1);
    await results.next();
    stream.event(2);
    stream.event(3);
    server.stop();
    for (const count of [2, 3]) expect((await results.next()).value).toEqual({ data: { count } });
    await expect(results.next()).rejects.toMatchObject({ code: 1001 }); // not the end: with retries it would subscribe again
    await closed.opened;
    await stream.left;
    expect(code).toBe(1001);
  });

  it('gets its answer from a gateway that is stopped meanwhile', async () => {
    const asked = gate();
    const answer = gate();
    await serve(async () => {
      asked.open();
      await answer.opened;
      return answered({ open: 'yes' });
    });
    const results = client().iterate({ query: '{ open }' });
    const first = results.next();
    await asked.opened;
    server.stop();
    answer.open();
    expect((await first).value).toEqual({ data: { open: 'yes' } });
  });
});

describe('Who calls over a WebSocket', () => {
  it.each([
    ['nobody, without a token', {}, []],
    ['whose token is in connection_init', { authorization: 'Bearer good' }, ['Bearer good']],
    ['whose token is there under the header’s own name', { Authorization: 'Bearer good' }, ['Bearer good']],
    ['whose token is among headers there', { headers: { Authorization: 'Bearer good' } }, ['Bearer good']],
  ])('is %s', async (_who, connectionParams, credentials) => {
    await serve(async () => answered({}), { authenticate: good });
    await client({ connectionParams }).iterate({ query: '{ open }' }).next();
    const { rawHeaders } = server.received[0]!;
    expect(rawHeaders.filter((_header, at) => rawHeaders[at - 1] === 'authorization')).toEqual(credentials);
  });

  it('is whoever the upgrade says, for those who can say it there', async () => {
    await serve(async () => answered({}), { authenticate: good });
    const made = await admitted({ headers: { authorization: 'Bearer good' } });
    made.send(subscribe('1'));
    await waitFor(() => server.received.length === 1);
    expect(server.received[0]!.header('authorization')).toBe('Bearer good');
  });

  it.each([
    ['a token that does not hold', { authorization: 'Bearer bad' }, {}],
    ['what is no token', { authorization: { toString: 'x' } }, {}],
    ['a token of a megabyte', { authorization: `Bearer ${'x'.repeat(1_000_000)}` }, {}],
    ['two tokens', { authorization: 'Bearer good' }, { headers: { authorization: 'Bearer good' } }],
  ])('is turned away with %s', async (_what, payload, options) => {
    await serve(async () => answered({}), { authenticate: good });
    const made = await socket(options);
    made.send({ ...INIT, payload });
    expect(await made.closed).toEqual([4403, 'Forbidden']);
  });

  it('is asked to come again while nobody can tell', async () => {
    await serve(async () => answered({}), {
      authenticate: () => Promise.reject(new SubgraphUnreachable('identity', new Error('ECONNREFUSED'))),
    });
    const made = await socket();
    made.send(INIT);
    expect(await made.closed).toEqual([1013, 'Try again later']);
  });
});

describe('A WebSocket', () => {
  it.each([
    ['that is not JSON', 'nonsense'],
    ['of no type', '{}'],
    ['of a type nobody knows', '{"type":"hello"}'],
    ['that is JSON, and no object', '[[[[]]]]'],
    ['without a document', '{"type":"subscribe","id":"1","payload":{}}'],
    ['with variables that are a list', '{"type":"subscribe","id":"1","payload":{"query":"","variables":[]}}'],
    ['in binary', Buffer.from('{"type":"ping"}')],
  ])('is closed after a message %s', async (_what, message) => {
    await serve(async () => answered({}));
    const made = await admitted();
    made.made.send(message);
    expect(await made.closed).toEqual([4400, 'Invalid message received']);
  });

  it('is closed after a frame larger than a request may be', async () => {
    await serve(async () => answered({}));
    const made = await admitted();
    made.made.send('x'.repeat(1_048_577));
    expect((await made.closed)[0]).toBe(1009);
  });

  it('is closed when connection_init has not come in 5 s', async () => {
    stopTheClock();
    await serve(async () => answered({}));
    const made = await socket();
    jest.advanceTimersByTime(4_999);
    made.send({ type: 'ping' });
    await made.until(() => made.messages.length === 1);
    jest.advanceTimersByTime(1);
    expect(await made.closed).toEqual([4408, 'Connection initialisation timeout']);
  });

  it('is closed when it subscribes before it was let in', async () => {
    await serve(async () => answered({}));
    const made = await socket();
    made.send(subscribe('1'));
    expect(await made.closed).toEqual([4401, 'Unauthorized']);
    expect(server.received).toEqual([]);
  });

  it('is closed when it says twice who it is', async () => {
    await serve(async () => answered({}));
    const made = await admitted();
    made.send(INIT);
    expect((await made.closed)[0]).toBe(4429);
  });

  it('is closed, and all it has is ended, when it uses an id twice', async () => {
    const stream = fedStream();
    await serve(async () => stream.opened);
    const made = await admitted();
    made.send(subscribe('1'), subscribe('1'));
    expect(await made.closed).toEqual([4409, 'Subscriber for 1 already exists']);
    await stream.left;
    expect(server.received).toHaveLength(1);
  });

  it('may have 100 operations at once; more are refused, and the others unharmed', async () => {
    const streams: ReturnType<typeof fedStream>[] = [];
    await serve(async () => {
      const stream = fedStream();
      streams.push(stream);
      return stream.opened;
    });
    const made = await admitted();
    made.send(...Array.from({ length: 3_000 }, (_, at) => subscribe(`s${at}`)));
    await made.until(() => made.messages.filter(({ type }) => type === 'error').length === 2_900);
    expect(streams).toHaveLength(WEB_SOCKET_LIMITS.maxOperations);
    expect(made.messages[1]).toMatchObject({ payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    streams[99]!.event(1);
    await made.until(() => made.messages.some(({ type }) => type === 'next'));
    expect(made.messages.at(-1)).toEqual({ id: 's99', type: 'next', payload: { data: { count: 1 } } });
    made.send({ type: 'complete', id: 's0' });
    await streams[0]!.left;
    made.send(subscribe('again'));
    await waitFor(() => streams.length === 101);
  });

  it('may not have us keep more than 4 MiB for it', async () => {
    const streams: ReturnType<typeof fedStream>[] = [];
    await serve(async () => {
      const stream = fedStream();
      streams.push(stream);
      return stream.opened;
    });
    const made = await admitted();
    const variables = { bulk: 'x'.repeat(1_000_000) };
    made.send(...['1', '2', '3', '4', '5'].map((id) => subscribe(id, { variables })));
    await made.until(() => made.messages.length === 2);
    expect(made.messages[1]).toMatchObject({ id: '5', payload: [{ extensions: { code: 'RATE_LIMITED' } }] });
    made.send({ type: 'complete', id: '1' });
    await streams[0]!.left;
    made.send(subscribe('6', { variables }));
    await waitFor(() => streams.length === 5);
  });

  it('that completes an operation before it is open ends what runs for it', async () => {
    const stream = fedStream();
    const opened = gate();
    await serve(async () => {
      await opened.opened;
      return stream.opened;
    });
    const made = await admitted();
    made.send(subscribe('1'), { type: 'complete', id: '1' });
    await waitFor(() => server.received[0]?.facts.end.aborted === true);
    opened.open();
    await stream.left;
    expect(made.messages).toHaveLength(1);
  });

  it('may use the id of an operation it has completed, which does not answer for it', async () => {
    const [second, opened] = [fedStream(), gate()];
    await serve(async () => {
      if (server.received.length > 1) return second.opened;
      await opened.opened;
      throw new Error('The first is answered too late.');
    });
    const made = await admitted();
    made.send(subscribe('1'), { type: 'complete', id: '1' }, subscribe('1'));
    await waitFor(() => second.asked() === 1);
    opened.open();
    made.send({ type: 'ping' });
    await made.until(() => made.messages.length === 2);
    second.event(2);
    await made.until(() => made.messages.length === 3);
    expect(made.messages.slice(1)).toEqual([
      { type: 'pong' },
      { id: '1', type: 'next', payload: { data: { count: 2 } } },
    ]);
  });

  it('that goes takes everything with it', async () => {
    const [stream, opening] = [fedStream(), gate()];
    await serve(async () => {
      if (server.received.length === 1) return stream.opened;
      opening.open();
      return new Promise(() => undefined);
    });
    const made = await admitted();
    made.send(subscribe('1'), subscribe('2'));
    await opening.opened;
    made.made.terminate();
    await stream.left;
    await waitFor(() => server.received.every(({ facts }) => facts.end.aborted));
  });

  it('is pinged every 12 s, and cut off when it did not answer the last one', async () => {
    stopTheClock();
    await serve(async () => answered({}));
    const [alive, dead] = [await admitted(), await admitted({ autoPong: false })];
    for (let beat = 0; beat < 3; beat += 1) await heartbeat(alive);
    expect((await dead.closed)[0]).toBe(1006);
    expect(alive.made.readyState).toBe(WebSocket.OPEN);
  });

  it('is closed after 5 minutes without an operation, whatever it pings; one that subscribes stays', async () => {
    stopTheClock();
    const stream = fedStream();
    await serve(async () => (server.received.length === 1 ? stream.opened : answered({ count: 1 })));
    const [subscriber, asking, pinging] = [await admitted(), await admitted(), await admitted()];
    subscriber.send(subscribe('1'));
    await waitFor(() => server.received.length === 1);
    for (let beat = 0; beat < 25; beat += 1) {
      if (beat === 12) {
        asking.send(subscribe('1'));
        await asking.until(() => asking.messages.some(({ type }) => type === 'complete'));
      }
      await heartbeat(subscriber, asking, pinging);
    }
    jest.advanceTimersByTime(12_000);
    expect(await pinging.closed).toEqual([1000, 'No operation for too long']);
    expect([subscriber, asking].map(({ made }) => made.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
  });

  it('without an operation makes room where all connections are taken; the one without for longest first', async () => {
    const stream = fedStream();
    await serve(async () => (server.received.length === 2 ? answered({ count: 1 }) : stream.opened), {
      connections: 66,
    });
    const subscriber = await admitted();
    subscriber.send(subscribe('1'));
    await waitFor(() => server.received.length === 1);
    const asked = await admitted();
    const idle = await Promise.all(Array.from({ length: 64 }, () => admitted()));
    asked.send(subscribe('1'));
    await asked.until(() => asked.messages.some(({ type }) => type === 'complete'));

    await admitted();
    for (const one of idle) expect(await one.closed).toEqual([1013, 'Try again later']);
    stream.event(1);
    await subscriber.until(() => subscriber.messages.some(({ type }) => type === 'next'));
    expect(asked.made.readyState).toBe(WebSocket.OPEN);
  });

  it('is left by a client that wants nothing, and opened again by one that keeps it, when it was idle', async () => {
    stopTheClock();
    await serve(async () => answered({ count: 1 }), { limits: { idleMs: 0 } });
    const opened = { lazy: 0, kept: 0 };
    client({ lazyCloseTimeout: 1e6, on: { connected: () => void opened.lazy++ } }).subscribe(
      { query: SUBSCRIPTION },
      { next: () => undefined, error: () => undefined, complete: () => undefined },
    );
    client({ lazy: false, on: { connected: () => void opened.kept++ } });
    await waitFor(() => opened.lazy === 1 && opened.kept === 1 && server.received.length === 1);
    for (const kept of [2, 3]) {
      jest.advanceTimersByTime(12_000);
      await waitFor(() => opened.kept === kept);
    }
    expect(opened.lazy).toBe(1);
  });

  it('whose client never reads is read no more, keeps a bounded debt, and is closed; others go on', async () => {
    stopTheClock();
    const flowing = fedStream();
    const stuck = fedStream();
    await serve(async () => (server.received.length === 1 ? stuck.opened : flowing.opened));
    const made = await admitted();
    const other = await admitted();
    made.send(subscribe('1'));
    await waitFor(() => server.received.length === 1);
    other.send(subscribe('1'));
    await waitFor(() => server.received.length === 2);
    made.made.pause();
    const bulk = 'x'.repeat(1_500_000);
    for (let count = 0; count < 50; count += 1) stuck.event(bulk);
    let stuckAsked: number;
    do {
      stuckAsked = stuck.asked();
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    } while (stuck.asked() > stuckAsked);
    expect(stuckAsked).toBeLessThan(25);
    made.send(...Array.from({ length: 50 }, (_, at) => subscribe(`more${at}`)));
    for (let beat = 0; beat < 2; beat += 1) await heartbeat(other);
    jest.advanceTimersByTime(WEB_SOCKET_LIMITS.slowConsumerMs - 24_000);
    flowing.event(1);
    await other.until(() => other.messages.some(({ type }) => type === 'next'));
    made.made.resume();
    expect(await made.closed).toEqual([4429, 'Slow consumer']);
    await stuck.left;
    expect(server.received).toHaveLength(2);
  });

  it('without the sub-protocol is closed', async () => {
    await serve(async () => answered({}));
    const made = await socket({ protocols: [] });
    expect(await made.closed).toEqual([4406, 'Subprotocol not acceptable']);
  });

  it('is had at /graphql alone, by a whole handshake, of a gateway that is not being stopped', async () => {
    await serve(async () => answered({}));
    const upgrade = (path: string) => {
      const raw = connect(Number(new URL(server.url).port), '127.0.0.1');
      raw.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n`);
      return textOf(raw);
    };
    expect(await upgrade('/graphql/x')).toMatch(/^HTTP\/1.1 404 Not Found/);
    expect(await upgrade('/graphql?x=1')).toMatch(/^HTTP\/1.1 400 Bad Request/); // a handshake without its key
    server.stop();
    expect(await upgrade('/graphql')).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n/);
  });
});
