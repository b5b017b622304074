import { generateKeyPairSync } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { contextClaims, CONTEXT_HEADER, CONTEXT_TOKEN_TYPE } from '@inevitable/contract';
import {
  contextVerifier,
  hostSubgraph,
  serveSubgraph,
  type HostedSubgraph,
  type ServedSubgraph,
} from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import type { ExecutionResult } from 'graphql';
import { createClient as createEventsClient } from 'graphql-sse';
import { createClient as createSocketClient, type Client } from 'graphql-ws';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { WebSocket } from 'ws';

const CHANGED = 'subscription ($id: ID) { noteChanged(id: $id) { id text } }';
const log = pino({ level: 'silent' });
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let product: TestSubgraph;
let keys: Server;
let hosted: HostedSubgraph;
let served: ServedSubgraph;
/** Who listens on the product's bus. */
let listening = 0;
let published = 0;

beforeAll(async () => {
  product = await testSubgraph(starter);
  await product.jobs.stop(); // what is heard here is what a test publishes
  keys = createServer((_request, response) =>
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'gateway' }] })),
  );
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const events = {
    ...product.events,
    subscribe(...args: Parameters<typeof product.events.subscribe>) {
      listening += 1;
      const end = product.events.subscribe(...args);
      return () => {
        listening -= 1;
        end();
      };
    },
  };
  hosted = hostSubgraph(starter, { database: product.database, entitlements: {} as never, events, log });
});
afterAll(async () => {
  keys.close();
  await product.close();
});
beforeEach(async () => {
  served = await serve(hosted);
});
afterEach(async () => {
  await served.close();
  expect(listening).toBe(0);
});

function serve(subgraph: HostedSubgraph): Promise<ServedSubgraph> {
  const { port } = keys.address() as AddressInfo;
  const verifyContext = contextVerifier('starter', `http://127.0.0.1:${port}/keys`);
  return serveSubgraph(subgraph, { host: '127.0.0.1', port: 0, checks: {}, log, verifyContext });
}

/** The gateway's word about somebody of a tenant. */
function tokenOf(tenant: string, { audience = 'starter', ageSeconds = 0 } = {}): string {
  const now = Math.floor(Date.now() / 1_000) - ageSeconds;
  const claims = contextClaims(product.as({ tenant }).context, audience, now);
  return jwt.sign(claims, privateKey, {
    algorithm: 'ES256',
    keyid: 'gateway',
    header: { alg: 'ES256', typ: CONTEXT_TOKEN_TYPE },
  });
}
const extensionsOf = (tenant: string) => ({ [CONTEXT_HEADER]: tokenOf(tenant) });

async function writeNote(tenant: string, text: string): Promise<string> {
  const { data } = await product
    .as({ tenant })
    .query('mutation ($text: String!) { createNote(input: { text: $text }) { id } }', { text });
  return (data!['createNote'] as { id: string }).id;
}
/** Answers the event's id. */
async function publishChanged(tenant: string, noteId: string): Promise<string> {
  const id = `event ${(published += 1)}`;
  await product.events.publish({
    id,
    name: 'starter.note.changed.v1',
    tenantId: product.as({ tenant }).context.tenant!.id,
    aggregate: noteId,
    payload: { noteId },
    occurredAt: new Date().toISOString(),
    correlationId: 'test',
  });
  return id;
}
/** Until the server has begun (or ended) to listen as often as this: it says so nowhere else. */
async function listeners(count: number): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (listening !== count) {
    if (performance.now() > giveUpAt) throw new Error(`${listening} listen, and not ${count}.`);
    await turn();
  }
}

const nextOf = async (events: AsyncIterator<unknown>) => (await events.next()).value as ExecutionResult;

/** Endless, as fast as it is asked; `made` counts how often it was. */
function flood() {
  const counted = { made: 0 };
  const subgraph: HostedSubgraph = {
    ...hosted,
    subscribe: async () =>
      (async function* () {
        const text = 'x'.repeat(64 * 1024);
        for (;;) {
          counted.made += 1;
          yield { data: { noteChanged: { text } } };
        }
      })(),
  };
  return { counted, subgraph };
}
/** More than fits into the buffers between two processes, and far from what an unbounded queue would take meanwhile. */
const FLOOD_BOUND = 1_000;

describe('A subgraph served by itself, over graphql-transport-ws', () => {
  let client: Client;
  const socketUrl = () => `${served.url.replace('http', 'ws')}/graphql`;
  const clientOf = () => createSocketClient({ url: socketUrl(), webSocketImpl: WebSocket, retryAttempts: 0 });
  const subscribe = (tenant: string, extensions: object = {}, variables: Record<string, unknown> = {}) =>
    client.iterate({ query: CHANGED, variables, extensions: { ...extensionsOf(tenant), ...extensions } });
  beforeEach(() => {
    client = clientOf();
  });
  afterEach(() => client.dispose());

  it('tells two tenants on one socket each their own events', async () => {
    const [ofAcme, ofGlobex] = [await writeNote('acme', 'a secret of acme'), await writeNote('globex', 'of globex')];
    const [ada, gus] = [subscribe('acme'), subscribe('globex')];
    const first = { ada: nextOf(ada), gus: nextOf(gus) };
    await listeners(2);
    const [one, two] = [await publishChanged('acme', ofAcme), await publishChanged('globex', ofGlobex)];
    expect(await first.ada).toEqual({
      data: { noteChanged: { id: ofAcme, text: 'a secret of acme' } },
      extensions: { eventId: one },
    });
    expect(await first.gus).toEqual({
      data: { noteChanged: { id: ofGlobex, text: 'of globex' } },
      extensions: { eventId: two },
    });
    await ada.return!();
    await listeners(1);
  });

  it('goes on after the event that extensions.lastEventId names', async () => {
    const id = await writeNote('acme', 'x');
    const seen = await publishChanged('acme', id);
    const missed = await publishChanged('acme', id);
    const events = subscribe('acme', { lastEventId: seen });
    expect((await nextOf(events)).extensions).toEqual({ eventId: missed });
    const lost = subscribe('acme', { lastEventId: 'unknown' });
    expect(await nextOf(lost)).toEqual({ data: null, extensions: { eventsMissed: true } });
  });

  it.each([
    ['no token', () => undefined],
    ['no token, but a number', () => 7],
    ['nonsense', () => 'nonsense'],
    ['a token for another subgraph', () => tokenOf('acme', { audience: 'billing' })],
    ['a token that has ended', () => tokenOf('acme', { ageSeconds: 600 })],
  ])('refuses a subscription with %s, and goes on with the others of the socket', async (_what, token) => {
    const id = await writeNote('acme', 'x');
    const good = subscribe('acme');
    const heard = nextOf(good);
    await listeners(1);
    const refused = client.iterate({ query: CHANGED, extensions: { [CONTEXT_HEADER]: token() } });
    await expect(refused.next()).rejects.toEqual([
      { message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } },
    ]);
    await publishChanged('acme', id);
    expect(await heard).toMatchObject({ data: { noteChanged: { id } } });
  });

  it.each([
    ['{ note(id: "x") { id } }', 'BAD_USER_INPUT'],
    ['mutation { createNote(input: { text: "x" }) { id } }', 'BAD_USER_INPUT'],
    ['subscription { noteChanged { id }', 'GRAPHQL_PARSE_FAILED'],
    ['subscription { noteChanged { nonsense } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription A { noteChanged { id } } subscription B { noteChanged { id } }', 'BAD_USER_INPUT'],
  ])('refuses %s', async (query, code) => {
    const events = client.iterate({ query, extensions: extensionsOf('acme') });
    await expect(events.next()).rejects.toEqual([expect.objectContaining({ extensions: { code } })]);
  });

  /** Sends these messages, the rest when the first was answered, and answers the code the socket is closed with. */
  function closedAfter(messages: readonly string[], protocol = 'graphql-transport-ws'): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(socketUrl(), protocol);
      socket.on('error', reject);
      const [first, ...rest] = messages;
      socket.on('open', () => first !== undefined && socket.send(first));
      socket.once('message', () => rest.forEach((message) => socket.send(message)));
      socket.on('close', resolve);
    });
  }
  const INIT = '{"type":"connection_init"}';
  const subscribeMessage = (id: string) =>
    JSON.stringify({ type: 'subscribe', id, payload: { query: CHANGED, extensions: extensionsOf('acme') } });

  async function subscribeOn(socket: WebSocket): Promise<void> {
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(INIT);
    await new Promise((resolve) => socket.once('message', resolve)); // connection_ack
    socket.send(subscribeMessage('1'));
  }

  it.each([
    ['garbage', 4400, () => ['garbage']],
    ['a message of no type', 4400, () => [INIT, '{"type":"nonsense"}']],
    ['a subscribe without a query', 4400, () => [INIT, '{"type":"subscribe","id":"1","payload":{}}']],
    ['a message of more than 2 MB', 1009, () => [INIT, 'x'.repeat(2 * 1024 * 1024 + 1)]],
    ['a second connection_init', 4429, () => [INIT, INIT]],
    ['a subscribe before connection_init', 4401, () => [subscribeMessage('1')]],
    ['the same id twice', 4409, () => [INIT, subscribeMessage('1'), subscribeMessage('1')]],
    ['the same endless id twice', 4500, () => [INIT, ...Array<string>(2).fill(subscribeMessage('1'.repeat(10_000)))]],
  ])('closes a socket that sends %s with %i', async (_what, code, messages) => {
    expect(await closedAfter(messages())).toBe(code);
    await listeners(0);
  });

  it('closes a socket of another protocol with 4406, and knows no other path', async () => {
    await expect(closedAfter([], 'graphql-ws')).rejects.toThrow('Server sent no subprotocol');
    const elsewhere = new WebSocket(`${served.url.replace('http', 'ws')}/elsewhere`, 'graphql-transport-ws');
    await expect(new Promise((_, reject) => elsewhere.on('error', reject))).rejects.toThrow('400');
  });

  describe('as time passes', () => {
    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'Date', 'performance'] });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it('closes a socket that sends no connection_init within 5 s with 4408', async () => {
      const socket = new WebSocket(socketUrl(), 'graphql-transport-ws');
      const closed = new Promise((resolve) => socket.on('close', resolve));
      await new Promise((resolve) => socket.on('open', resolve));
      await jest.advanceTimersByTimeAsync(5_000);
      expect(await closed).toBe(4408);
    });

    it('lets go of a client that answers no ping, with all its subscriptions', async () => {
      // The pings of a server that was started under the clock the test moves.
      const watched = await serve(hosted);
      const url = `${watched.url.replace('http', 'ws')}/graphql`;
      const [silent, alive] = [false, true].map(
        (autoPong) => new WebSocket(url, 'graphql-transport-ws', { autoPong } as never),
      ) as [WebSocket, WebSocket];
      await Promise.all([silent, alive].map(subscribeOn));
      await listeners(2);
      const gone = new Promise((resolve) => silent.on('close', resolve));
      const pinged = new Promise((resolve) => alive.on('ping', resolve));
      await jest.advanceTimersByTimeAsync(12_000);
      await pinged;
      alive.ping();
      await new Promise((resolve) => alive.on('pong', resolve)); // so its own pong has arrived before
      await jest.advanceTimersByTimeAsync(12_000);
      expect(await gone).toBe(1006);
      await listeners(1);
      expect(alive.readyState).toBe(WebSocket.OPEN);
      await watched.close();
    });
  });

  it('makes no events for a client that does not read', async () => {
    const { counted, subgraph } = flood();
    const flooding = await serve(subgraph);
    const socket = new WebSocket(`${flooding.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await subscribeOn(socket);
    socket.pause();
    for (let turns = 0; turns < 2_000; turns += 1) await turn();
    expect(counted.made).toBeGreaterThan(0);
    expect(counted.made).toBeLessThan(FLOOD_BOUND);
    socket.terminate();
    await flooding.close();
  });

  it('ends its sockets with 1001 when it is closed', async () => {
    const closed = new Promise((resolve) => client.on('closed', resolve));
    const heard = subscribe('acme')
      .next()
      .catch((error: { code: number }) => error.code);
    await listeners(1);
    await served.close();
    expect(await closed).toMatchObject({ code: 1001, reason: 'Going away' });
    expect(await heard).toBe(1001);
    served = await serve(hosted);
  });
});

describe('A subgraph served by itself, as server-sent events', () => {
  const clientOf = (headers: Record<string, string>) =>
    createEventsClient({ url: `${served.url}/graphql`, headers, retryAttempts: 0 });
  const headersOf = (tenant: string) => ({ [CONTEXT_HEADER]: tokenOf(tenant) });

  it("tells a tenant its own events, and none of another's", async () => {
    const [ofAcme, ofGlobex] = [await writeNote('acme', 'a secret of acme'), await writeNote('globex', 'of globex')];
    const gus = clientOf(headersOf('globex')).iterate({ query: CHANGED });
    const heard = nextOf(gus);
    await listeners(1);
    await publishChanged('acme', ofAcme);
    const eventId = await publishChanged('globex', ofGlobex);
    expect(await heard).toEqual({
      data: { noteChanged: { id: ofGlobex, text: 'of globex' } },
      extensions: { eventId },
    });
    await gus.return!();
    await listeners(0);
  });

  it('goes on after the event that Last-Event-ID names', async () => {
    const id = await writeNote('acme', 'x');
    const seen = await publishChanged('acme', id);
    const missed = await publishChanged('acme', id);
    const events = clientOf({ ...headersOf('acme'), 'last-event-id': seen }).iterate({ query: CHANGED });
    expect((await nextOf(events)).extensions).toEqual({ eventId: missed });
    await events.return!();
  });

  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
      body,
    });

  it('names each event by its id, on a line of its own', async () => {
    const id = await writeNote('acme', 'x');
    const seen = await publishChanged('acme', id);
    const eventId = await publishChanged('acme', id);
    const response = await post({ ...headersOf('acme'), 'last-event-id': seen }, JSON.stringify({ query: CHANGED }));
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('data:')) text += (await reader.read()).value!;
    const data = JSON.stringify({ data: { noteChanged: { id, text: 'x' } }, extensions: { eventId } });
    expect(text).toBe(`:\n\nid: ${eventId}\nevent: next\ndata: ${data}\n\n`);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    await reader.cancel();
    await listeners(0);
  });

  it.each([
    ['no token', 401, 'UNAUTHENTICATED', () => ({}), CHANGED],
    ['nonsense for a token', 401, 'UNAUTHENTICATED', () => ({ [CONTEXT_HEADER]: 'x' }), CHANGED],
    ['a query', 400, 'BAD_USER_INPUT', () => headersOf('acme'), '{ note(id: "x") { id } }'],
    ['what is no GraphQL', 400, 'GRAPHQL_PARSE_FAILED', () => headersOf('acme'), 'subscription {'],
    ['what fits no schema', 400, 'GRAPHQL_VALIDATION_FAILED', () => headersOf('acme'), 'subscription { no }'],
  ])('refuses %s with %i %s', async (_what, status, code, headers, query) => {
    const response = await post(headers(), JSON.stringify({ query }));
    expect([response.status, await response.json()]).toEqual([
      status,
      { errors: [expect.objectContaining({ extensions: { code } })] },
    ]);
  });

  it.each(['', 'no JSON', '[]', '{"query":7}', '{"query":"{ ok }","variables":[]}'])(
    'refuses the body %j as a mistake of the caller',
    async (body) => {
      expect((await post(headersOf('acme'), body)).status).toBe(400);
    },
  );

  it('makes no events for a client that does not read', async () => {
    const { counted, subgraph } = flood();
    const flooding = await serve(subgraph);
    const answer = await new Promise<IncomingMessage>((resolve) => {
      const headers = { ...headersOf('acme'), accept: 'text/event-stream' };
      httpRequest(`${flooding.url}/graphql`, { method: 'POST', headers }, resolve).end(
        JSON.stringify({ query: CHANGED }),
      );
    });
    for (let turns = 0; turns < 2_000; turns += 1) await turn();
    expect(counted.made).toBeGreaterThan(0);
    expect(counted.made).toBeLessThan(FLOOD_BOUND);
    answer.on('error', () => undefined).destroy();
    await flooding.close();
  });

  it('cuts its streams off when it is closed, so that nobody takes it for their end', async () => {
    const ended = clientOf(headersOf('acme'))
      .iterate({ query: CHANGED })
      .next()
      .catch((error: Error) => error);
    await listeners(1);
    await served.close();
    expect(await ended).toBeInstanceOf(Error);
    served = await serve(hosted);
  });
});
