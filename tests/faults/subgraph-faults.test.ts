import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlinePassed, SubgraphUnreachable } from '@inevitable/contract';
import { contextFor } from '../../gateway/test-support/test-subgraphs.js';
import { httpSubgraph, type HttpSubgraph, type HttpSubgraphOptions } from '../../gateway/transports/http-subgraph.js';
import type { SubgraphAnswer, SubgraphFetch } from '../../gateway/transports/subgraph-transport.js';

/** A server of bytes, so that it can do what no HTTP server would. */
interface FaultySubgraph {
  readonly subgraph: HttpSubgraph;
  /** Of each request that came the number of its connection, from 1. */
  readonly requests: number[];
  readonly open: Set<Socket>;
  readonly listen: () => Promise<void>;
  readonly stopListening: () => Promise<void>;
  /** All connections are closed, because nobody holds them any more. */
  readonly deserted: () => Promise<void>;
}

type Behaviour = (socket: Socket, count: number) => void;

/** Time passes when a test says so; the sockets are real. */
beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }));
const pass = async (ms: number) => {
  await turn(); // what was written is read first
  await turn();
  jest.advanceTimersByTime(ms);
};

const running: FaultySubgraph[] = [];
/** A rejection nobody handled, or a socket left open, fails the test that made it. */
afterEach(async () => {
  for (const faulty of running.splice(0)) {
    await faulty.subgraph.close();
    await faulty.deserted();
    await faulty.stopListening();
  }
  await turn();
  jest.useRealTimers();
});

/** `behave` is called once a whole request has been read. `count` begins at 1. */
async function faulty(behave: Behaviour, options: Partial<HttpSubgraphOptions> = {}): Promise<FaultySubgraph> {
  const requests: number[] = [];
  let connections = 0;
  const open = new Set<Socket>();
  let onDeserted = (): void => undefined;
  let server!: Server;
  let port = 0;
  const listen = async () => {
    server = createServer((socket) => {
      const connection = ++connections;
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        if (open.size === 0) onDeserted();
      });
      let unread = '';
      socket.on('data', (chunk) => {
        unread += chunk.toString('latin1');
        const head = unread.indexOf('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(unread)?.[1] ?? 0);
        if (head < 0 || unread.length < head + 4 + length) return;
        unread = unread.slice(head + 4 + length);
        behave(socket, requests.push(connection));
      });
    });
    await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  await listen();
  const one: FaultySubgraph = {
    subgraph: httpSubgraph({
      name: 'notes',
      routingUrl: `http://127.0.0.1:${port}/graphql`,
      contextTokens: null,
      ...options,
    }),
    requests,
    open,
    listen,
    stopListening: () => new Promise((resolve) => void server.close(() => resolve())),
    deserted: () => new Promise((resolve) => (open.size === 0 ? resolve() : (onDeserted = resolve))),
  };
  running.push(one);
  return one;
}

const http = (status: string, type: string, body: string, length = Buffer.byteLength(body)): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`;
const JSON_TYPE = 'application/json';
const OK = http('200 OK', JSON_TYPE, '{"data":{"ok":true}}');
const works: Behaviour = (socket) => void socket.write(OK);

let bodies = 0;
/** Each its own, so that none is shared. */
const fetchOf = (kind: SubgraphFetch['kind']): SubgraphFetch => ({
  kind,
  operationName: null,
  body: JSON.stringify({ query: '{ ok }', variables: { n: ++bodies } }),
  request: () => ({ query: '{ ok }' }),
});
const ask = ({ subgraph }: FaultySubgraph, kind: SubgraphFetch['kind'] = 'query', context = contextFor()) =>
  subgraph.send(fetchOf(kind), context, context.signal);
const textOf = (answer: SubgraphAnswer) => (answer.kind === 'bytes' ? answer.bytes.toString() : null);
const causeOf = async (asked: Promise<unknown>): Promise<string> => {
  const error: unknown = await asked.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SubgraphUnreachable);
  return String((error as Error).cause);
};

describe('A subgraph is unreachable', () => {
  it.each(['query', 'mutation'] as const)('when it is down, for a %s after one more try', async (kind) => {
    let refused = 0;
    const count = () => void refused++;
    subscribe('undici:client:connectError', count);
    const down = await faulty(works);
    await down.stopListening();
    expect(await causeOf(ask(down, kind))).toMatch('ECONNREFUSED');
    expect(refused).toBe(2);
    unsubscribe('undici:client:connectError', count);
    await down.listen();
  });

  it('when it takes longer than it may', async () => {
    const slow = await faulty(() => void pass(1_000), { timeoutMs: 1_000 });
    expect(await causeOf(ask(slow))).toMatch(/\/graphql did not answer within 1000 ms/);
    expect(slow.requests).toHaveLength(1);
  });

  it('when it answers the head and stalls', async () => {
    const head: Behaviour = (socket) =>
      void socket.write(http('200 OK', JSON_TYPE, '{"data":', 100), () => void pass(1_000));
    const stalling = await faulty(head, { timeoutMs: 1_000 });
    expect(await causeOf(ask(stalling))).toMatch('did not answer within 1000 ms');
  });

  it('when it sends a byte at a time for longer than it may', async () => {
    const trickling = await faulty(
      (socket) => {
        const drip = async () => {
          while (!socket.destroyed) {
            socket.write(' ');
            await pass(100);
          }
        };
        socket.write(http('200 OK', JSON_TYPE, '', 100_000), () => void drip());
      },
      { timeoutMs: 1_000 },
    );
    expect(await causeOf(ask(trickling))).toMatch('did not answer within 1000 ms');
  });

  it.each([
    ['the wrong content type', http('200 OK', 'text/html', '<html>'), /answered 200 as "text\/html"/],
    ['a content coding nobody asked for', OK.replace('\r\n', '\r\ncontent-encoding: gzip\r\n'), /coding "gzip"/],
    ['500 and a page', http('500 Oops', 'text/html', '<html>'), /answered 500 as "text\/html"/],
    ['500 and no GraphQL', http('500 Oops', JSON_TYPE, '{"error":"x"}'), /answered 500 with no GraphQL response/],
    ['401', http('401 No', JSON_TYPE, '{"errors":[{"message":"no"}]}'), /refused the gateway with 401/],
    ['what is not HTTP', 'SMTP ready\r\n\r\n', /HTTPParserError/],
  ])('when it answers %s', async (_what, answer, cause) => {
    const wrong = await faulty((socket) => void socket.write(answer));
    expect(await causeOf(ask(wrong))).toMatch(cause);
    expect(wrong.requests).toHaveLength(1);
  });

  it('when its body is cut short', async () => {
    const cut = await faulty((socket) => void socket.end(http('200 OK', JSON_TYPE, '{"data":', 100)));
    expect(await causeOf(ask(cut))).toMatch(/other side closed|mismatch/i);
    expect(cut.requests).toHaveLength(1);
  });

  it.each([
    ['it says so', http('200 OK', JSON_TYPE, '', 1_001)],
    [
      'it does not say so',
      `HTTP/1.1 200 OK\r\ncontent-type: ${JSON_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n${' '.repeat(1_001)}\r\n`,
    ],
  ])('when its answer is too long, and %s', async (_what, answer) => {
    const long = await faulty((socket) => void socket.write(answer), { maxBodyBytes: 1_000 });
    expect(await causeOf(ask(long))).toMatch('longer than 1000 bytes');
  });

  it('when the gateway has closed it, once or twice', async () => {
    const closed = await faulty(works);
    await closed.subgraph.close();
    await closed.subgraph.close();
    expect(await causeOf(ask(closed))).toMatch('The client is destroyed');
  });
});

describe('An answer', () => {
  it('of 500 with a GraphQL body is passed on, its errors for the engine to read', async () => {
    const body = '{"errors":[{"message":"out of order"}],"data":null}';
    const failing = await faulty((socket) => void socket.write(http('500 Oops', JSON_TYPE, body)));
    expect(textOf(await ask(failing))).toBe(body);
  });

  it('of many pieces is put together', async () => {
    const body = JSON.stringify({ data: { text: 'ä'.repeat(400_000) } });
    const large = await faulty((socket) => void socket.write(http('200 OK', JSON_TYPE, body)));
    expect(textOf(await ask(large))).toBe(body);
  });
});

describe('A connection closed between two requests', () => {
  const second: Behaviour = (socket, count) => void (count === 2 ? socket.destroy() : socket.write(OK));
  /** It is free for the next request a turn after its answer was read. */
  const askAndKeep = async (racing: FaultySubgraph) => {
    await ask(racing);
    await turn();
    await turn();
  };

  it('costs a query nothing: it is sent again on a new one', async () => {
    const racing = await faulty(second);
    await askAndKeep(racing);
    expect(textOf(await ask(racing))).toBe('{"data":{"ok":true}}');
    expect(racing.requests).toEqual([1, 1, 2]);
  });

  it('fails a mutation: it may have been done', async () => {
    const racing = await faulty(second);
    await askAndKeep(racing);
    await causeOf(ask(racing, 'mutation'));
    expect(racing.requests).toEqual([1, 1]);
  });

  it('is tried once more, not for ever', async () => {
    const dying = await faulty((socket) => void socket.destroy());
    await causeOf(ask(dying));
    expect(dying.requests).toHaveLength(2);
  });
});

describe('When nobody waits any more', () => {
  /** Never answers, and tells when a connection it got a request on is closed. */
  async function hanging(arrived = (): void => undefined) {
    let closed!: () => void;
    const sawClose = new Promise<void>((resolve) => (closed = resolve));
    const one = await faulty((socket) => {
      socket.once('close', closed);
      arrived();
    });
    return { one, sawClose };
  }

  it('the connection to the subgraph is closed', async () => {
    const abort = new AbortController();
    const { one, sawClose } = await hanging(() => abort.abort(new Error('left')));
    await expect(ask(one, 'query', contextFor({ signal: abort.signal }))).rejects.toThrow('left');
    await sawClose;
  });

  it('because the deadline passed, likewise', async () => {
    const { one, sawClose } = await hanging(() => void pass(30));
    const context = contextFor({ deadline: Date.now() + 30 });
    await expect(ask(one, 'query', context)).rejects.toBeInstanceOf(DeadlinePassed);
    await sawClose;
  });

  it('what was still waiting for a connection is never sent, and costs none', async () => {
    const held: Socket[] = [];
    let full!: () => void;
    const allBusy = new Promise<void>((resolve) => (full = resolve));
    const busy = await faulty((socket) => {
      if (held.push(socket) === 128) full();
    });
    const first = Array.from({ length: 128 }, () => ask(busy));
    await allBusy;
    const abort = new AbortController();
    const queued = ask(busy, 'query', contextFor({ signal: abort.signal }));
    const after = ask(busy);
    abort.abort(new Error('left'));
    await expect(queued).rejects.toThrow('left');
    for (const socket of held) socket.write(OK);
    await Promise.all(first);
    while (held.length < 129) await turn();
    held[128]!.write(OK);
    expect(textOf(await after)).toBe('{"data":{"ok":true}}');
    expect(busy.requests).toHaveLength(129);
    expect(new Set(busy.requests).size).toBe(128);
  });
});

describe('The circuit of a subgraph', () => {
  const states = async ({ subgraph }: FaultySubgraph) => (await subgraph.health()).reason ?? 'ready';

  it('opens when it is down, refuses at once, says so in its health, and closes when it is back', async () => {
    let now = 0;
    const flapping = await faulty(works, { now: () => now });
    await flapping.stopListening();
    for (let failed = 0; failed < 5; failed++) await causeOf(ask(flapping));
    await flapping.listen();
    expect(await causeOf(ask(flapping))).toMatch('nothing is sent until a probe works');
    const asked = flapping.requests.length;
    expect(await states(flapping)).toMatch('circuit open');
    expect(flapping.requests).toHaveLength(asked + 1); // the question of health itself
    now += 2_000;
    expect(textOf(await ask(flapping))).toBe('{"data":{"ok":true}}');
    expect(await states(flapping)).toBe('ready');
  });

  it.each([
    ['500 without GraphQL', (socket) => void socket.write(http('500 Oops', 'text/plain', 'x'))],
    ['nothing in time', () => void pass(1_000)],
    ['half a body', (socket) => void socket.end(http('200 OK', JSON_TYPE, '{"data":', 100))],
  ] satisfies [string, Behaviour][])('opens when it answers %s five times', async (_what, behave) => {
    const failing = await faulty(behave, { timeoutMs: 1_000, now: () => 0 });
    for (let failed = 0; failed < 5; failed++) await causeOf(ask(failing));
    expect(await causeOf(ask(failing))).toMatch('nothing is sent');
    expect(failing.requests).toHaveLength(5);
  });

  it.each([
    ['errors of GraphQL', http('200 OK', JSON_TYPE, '{"errors":[{"message":"no"}]}')],
    ['500 with GraphQL', http('500 Oops', JSON_TYPE, '{"errors":[{"message":"no"}]}')],
    ['404 as a page', http('404 No', 'text/html', 'x')],
  ])('stays closed when it answers %s, however often', async (_what, answer) => {
    const failing = await faulty((socket) => void socket.write(answer), { now: () => 0 });
    await Promise.allSettled(Array.from({ length: 50 }, () => ask(failing)));
    expect(failing.requests).toHaveLength(50);
  });

  it('stays closed when clients leave, however often', async () => {
    const hanging = await faulty((socket, count) => void (count > 50 && socket.write(OK)), { now: () => 0 });
    for (let left = 0; left < 50; left++) {
      const abort = new AbortController();
      const asked = ask(hanging, 'query', contextFor({ signal: abort.signal }));
      while (hanging.requests.length <= left) await turn();
      abort.abort(new Error('left'));
      await expect(asked).rejects.toThrow('left');
    }
    expect(textOf(await ask(hanging))).toBe('{"data":{"ok":true}}');
  });

  it.each([
    ['opens', 500, /nothing is sent/],
    ['stays closed', 499, /deadline/],
  ] as const)('%s when five callers waited %i of 1000 ms for nothing', async (_what, waitedMs, then) => {
    const hanging = await faulty(() => void pass(waitedMs), { timeoutMs: 1_000, now: () => 0 });
    const asked = () => ask(hanging, 'query', contextFor({ deadline: Date.now() + waitedMs }));
    for (let late = 0; late < 5; late++) await expect(asked()).rejects.toBeInstanceOf(DeadlinePassed);
    const error = (await asked().catch((reason: unknown) => reason)) as Error;
    expect(String(error.cause ?? error)).toMatch(then);
  });
});

describe('A subgraph that drops connections', () => {
  it('gets a fifth more requests than fetches, and three, not twice as many', async () => {
    const dropping = await faulty((socket, count) => void (count > 60 ? socket.destroy() : socket.write(OK)), {
      now: () => 0,
    });
    for (let worked = 0; worked < 60; worked++) await ask(dropping);
    for (let dropped = 0; dropped < 30; dropped++) await causeOf(ask(dropping));
    expect(dropping.requests).toHaveLength(90 + 3 + 0.2 * 90);
  });
});
