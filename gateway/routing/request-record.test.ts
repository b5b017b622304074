import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { RequestSeen } from '../extensions/request-seen.js';
import { EventLog } from '../test-support/event-log.js';
import { gate } from '../test-support/gate.js';
import { product, testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { ADA } from '../test-support/test-identity.js';
import { ACCOUNTS_SDL, accounts, handles, NOTES_SDL, notes, supergraphOf } from '../test-support/test-subgraphs.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const EVENTS = `${ACCOUNTS_SDL} type Subscription { opened: String }`;

/** In the order in which they ended. */
let ended: RequestSeen[] = [];
let gateway: TestGateway;
let events: EventLog;
/** What the subgraph waits for before it answers. */
let whileAsked = (): Promise<void> => Promise.resolve();
let socket: Client | null = null;

beforeAll(async () => {
  events = new EventLog();
  const { execute } = accounts();
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'v1', sdl: supergraphOf({ accounts: EVENTS, notes: NOTES_SDL }) }) },
    subgraphs: handles(
      accounts({
        execute: (request, context) => whileAsked().then(() => execute(request, context)),
        subscribe: events.subscribe,
      }),
      notes(),
    ),
    products: [product('notes'), product('accounts', { pathPrefixes: ['/auth'], authRequired: false })],
    extensions: [{ name: 'watching', contract: 1, onRequestEnd: (request) => void ended.push(request) }],
  });
});
beforeEach(() => {
  ended = [];
  whileAsked = () => Promise.resolve();
});
afterAll(async () => {
  await socket?.dispose();
  await gateway.close();
});

/** The one request that has ended since the test began. */
async function theOne(): Promise<RequestSeen> {
  while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toHaveLength(1);
  return ended[0]!;
}

describe('An extension is told at the end of each request', () => {
  it('who asked what, what it cost and took, of which subgraphs, and in which trace', async () => {
    const { headers } = await gateway.query('query Inbox { notes { author { email } } }', {
      token: gateway.identity.accessToken(),
      headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
    });
    const request = await theOne();
    expect(request).toMatchObject({
      route: 'graphql',
      product: null,
      method: 'POST',
      requestId: TRACE,
      outcome: 'answered',
      status: 200,
      codes: [],
      responseBytes: Number(headers.get('content-length')),
      payloads: 0,
      planKnown: false,
    });
    expect(headers.get('x-request-id')).toBe(TRACE);
    expect(request.trace.traceId).toBe(TRACE);
    expect(request.context?.tenant?.id).toBe(ADA.tid);
    expect(request.operation).toMatchObject({ operationName: 'Inbox', cost: expect.any(Number) });
    expect(request.fetches.map(({ subgraph, failed }) => [subgraph, failed])).toEqual([
      ['notes', false],
      ['accounts', false],
    ]);
    expect(request.durationMs).toBeGreaterThanOrEqual(request.fetchingAfterMs! + request.fetches[1]!.startMs);
  });

  it('that a plan was known, when it was', async () => {
    for (let time = 0; time < 3; time++) await gateway.query('query Known { open }');
    expect(ended.map(({ planKnown }) => planKnown)).toEqual([false, false, true]); // kept the second time
  });

  it('the codes of errors of fields, each once', async () => {
    await gateway.query('{ a: fails(how: "coded") b: fails(how: "coded") c: fails(how: "caller") }');
    expect(await theOne()).toMatchObject({
      outcome: 'errors',
      status: 200,
      codes: ['CARD_DECLINED', 'BAD_USER_INPUT'],
    });
  });

  it.each([
    ['a credential that does not hold', { token: 'nonsense' }, '{ open }', 401, 'UNAUTHENTICATED', false],
    ['what is no document', {}, '{ open', 400, 'GRAPHQL_PARSE_FAILED', true],
    ['a field that there is not', {}, '{ closed }', 400, 'GRAPHQL_VALIDATION_FAILED', true],
  ])('that it was refused, and why: %s', async (_what, options, query, status, code, isCallerKnown) => {
    const headers = { accept: 'application/graphql-response+json' };
    await gateway.query(query, { ...options, headers });
    const request = await theOne();
    expect(request).toMatchObject({ outcome: 'refused', status, codes: [code], operation: null, fetches: [] });
    expect(request.context !== null).toBe(isCallerKnown);
  });

  it('that it was for a product, and what that answered', async () => {
    await gateway.get('/auth/anything');
    await gateway.get('/notes/of-nobody');
    expect(ended.map(({ route, product: of, method, status, codes }) => [route, of, method, status, codes])).toEqual([
      ['product', 'accounts', 'GET', 200, []],
      ['product', 'notes', 'GET', 401, ['UNAUTHENTICATED']],
    ]);
  });

  it('that it was for nobody', async () => {
    await gateway.get('/nowhere');
    expect(await theOne()).toMatchObject({ route: 'other', outcome: 'refused', status: 404, codes: ['NOT_FOUND'] });
  });

  it('that it was turned away at the door', async () => {
    const headers = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`x-${index}`, 'a']));
    await gateway.get('/graphql', { headers });
    expect(await theOne()).toMatchObject({ outcome: 'refused', status: 431, operation: null });
  });

  it('that its client left', async () => {
    const [asked, held] = [gate(), gate()];
    whileAsked = () => {
      asked.open();
      return held.opened;
    };
    const leaving = httpRequest(`${gateway.url}/graphql?query={open}`).on('error', () => undefined);
    leaving.end();
    await asked.opened;
    leaving.destroy();
    expect(await theOne()).toMatchObject({ outcome: 'left', operation: { operationName: null } });
    held.open();
  });

  it('of each operation of a WebSocket, with how many payloads were sent', async () => {
    socket = createClient({ url: `${gateway.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    for await (const answer of socket.iterate({ query: '{ open }' }))
      expect(answer.data).toEqual({ open: 'everybody' });
    expect(await theOne()).toMatchObject({ route: 'websocket', method: null, status: null, payloads: 1 });
    ended = [];
    const subscription = socket.iterate({ query: 'subscription { opened }' });
    const first = subscription.next();
    while (events.open === 0) await new Promise((resolve) => setImmediate(resolve));
    events.publish({ opened: 'once' });
    await first;
    await subscription.return?.();
    expect(await theOne()).toMatchObject({ route: 'websocket', payloads: 1, fetches: [] });
  });

  it('of a stream over HTTP, when it has ended', async () => {
    const response = await gateway.get('/graphql', {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: '{"query":"{ open }"}',
    });
    await response.text();
    expect(await theOne()).toMatchObject({ route: 'graphql', status: 200 });
  });

  it('and not of probes', async () => {
    for (const path of ['/live', '/ready', '/health']) await gateway.get(path);
    expect(ended).toEqual([]);
  });
});
