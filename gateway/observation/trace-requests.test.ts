import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { EventLog } from '../test-support/event-log.js';
import { gate } from '../test-support/gate.js';
import { product, testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { ADA } from '../test-support/test-identity.js';
import {
  ACCOUNTS_SDL,
  accounts,
  handles,
  NOTES_SDL,
  notes,
  servedBy,
  supergraphOf,
  type HttpPeer,
} from '../test-support/test-subgraphs.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import { traceRequests, type SpanMade } from './trace-requests.js';

const CLIENT_SPAN = 'b7ad6b7169203331';
const traceOf = (digit: string): string => digit.repeat(32);
const from = (traceId: string, flags = '00') => ({ traceparent: `00-${traceId}-${CLIENT_SPAN}-${flags}` });
/** What is not recorded begins with a 0. */
const samplesTrace = (traceId: string): boolean => !traceId.startsWith('0');

const spans: SpanMade[] = [];
/** What subgraphs were told, in this process and behind HTTP. */
const asked: (string | null)[] = [];
let whileAsked = (): Promise<void> => Promise.resolve();
let failure: Error | null = null;
/** Fetches that are about to be sent. */
let prepared = 0;
let peer: HttpPeer;
let events: EventLog;
let gateway: TestGateway;

beforeAll(async () => {
  events = new EventLog();
  const [{ execute: ofAccounts }, { execute: ofNotes }] = [accounts(), notes()];
  peer = await servedBy(notes({ execute: (request, context) => whileAsked().then(() => ofNotes(request, context)) }));
  gateway = await testGateway({
    registry: {
      current: async () => ({
        id: 'v1',
        sdl: supergraphOf({ accounts: `${ACCOUNTS_SDL} type Subscription { friended: User }`, notes: NOTES_SDL }),
      }),
    },
    subgraphs: (contextTokens) =>
      handles(
        accounts({
          execute: (request, context) => {
            asked.push(context.trace);
            return failure ? Promise.reject(failure) : ofAccounts(request, context);
          },
          subscribe: events.subscribe,
        }),
        httpSubgraph({ name: 'notes', routingUrl: peer.url, contextTokens }),
      ),
    products: [product('notes'), product('accounts', { pathPrefixes: ['/auth'], authRequired: false })],
    samplesTrace,
    extensions: [
      traceRequests((span) => void spans.push(span)),
      { name: 'count', contract: 1, onSubgraphFetch: () => void prepared++ },
    ],
  });
});
afterAll(async () => {
  await gateway.close();
  await peer.close();
});
beforeEach(() => {
  spans.length = asked.length = peer.requests.length = prepared = 0;
  whileAsked = () => Promise.resolve();
  failure = null;
});

/** A request's own span is told of when its answer has been sent, which its client may have before. */
async function recorded(requests: number): Promise<readonly SpanMade[]> {
  while (spans.filter(({ kind }) => kind === 'server').length < requests) await new Promise(setImmediate);
  return spans;
}
const the = (name: string): SpanMade => spans.find((span) => span.name === name)!;
const traceparents = (): unknown[] => peer.requests.map(({ headers }) => headers.traceparent);

describe('A request that is recorded', () => {
  it('is a span that its client and its subgraphs know, with one of its planning and one of each fetch', async () => {
    const { headers } = await gateway.query('query Inbox { notes { author { email } } }', {
      token: gateway.identity.accessToken(),
      headers: from(traceOf('a')),
    });
    await recorded(1);
    const [request, plan, first, second] = spans;
    const times = { startMs: expect.any(Number), durationMs: expect.any(Number), traceId: traceOf('a') };
    expect(spans).toHaveLength(4);
    expect(request).toEqual({
      ...times,
      name: 'query Inbox',
      kind: 'server',
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      parentId: CLIENT_SPAN,
      isError: false,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'http.response.body.size': Number(headers.get('content-length')),
        'url.path': '/graphql',
        'graphql.operation.name': 'Inbox',
        'graphql.operation.type': 'query',
        'graphql.document.hash': expect.stringMatching(/^[0-9a-f]{64}$/),
        'stack.route': 'graphql',
        'stack.request.id': traceOf('a'),
        'stack.outcome': 'answered',
        'stack.plan.known': false,
        'stack.caller.kind': 'member',
        'stack.tenant.id': ADA.tid,
      },
    });
    expect(plan).toMatchObject({ ...times, name: 'plan', kind: 'internal', parentId: request!.spanId, attributes: {} });
    const fetch = { ...times, kind: 'client', parentId: request!.spanId, isError: false };
    expect(first).toMatchObject({ ...fetch, name: 'subgraph notes', attributes: { 'stack.subgraph': 'notes' } });
    expect(second).toMatchObject({
      ...fetch,
      name: 'subgraph accounts',
      attributes: { 'stack.fetch.places': 2, 'stack.fetch.entities': 2, 'stack.fetch.shared': false },
    });
    expect(traceparents()).toEqual([`00-${traceOf('a')}-${first!.spanId}-01`]);
    expect(asked).toEqual([`00-${traceOf('a')}-${second!.spanId}-01`]);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
    const end = ({ startMs, durationMs }: SpanMade): number => startMs + durationMs;
    expect(request!.startMs).toBeLessThanOrEqual(plan!.startMs);
    expect(end(plan!)).toBeLessThanOrEqual(first!.startMs);
    expect(end(first!)).toBeLessThanOrEqual(second!.startMs);
    expect(end(second!)).toBeLessThanOrEqual(end(request!));
  });

  it('has a span for each of two equal fetches, of which the subgraph hears of one', async () => {
    const [reached, held] = [gate(), gate()];
    whileAsked = () => {
      reached.open();
      return held.opened;
    };
    const ask = (digit: string) => gateway.query('{ notes { text } }', { headers: from(traceOf(digit)) });
    const first = ask('b');
    await reached.opened;
    const second = ask('c');
    while (prepared < 2) await new Promise(setImmediate);
    held.open();
    await Promise.all([first, second]);
    const fetches = (await recorded(2)).filter(({ kind }) => kind === 'client');
    expect(fetches.map(({ traceId, attributes }) => [traceId, attributes['stack.fetch.shared']]).sort()).toEqual([
      [traceOf('b'), false],
      [traceOf('c'), true],
    ]);
    expect(traceparents()).toEqual([
      `00-${traceOf('b')}-${fetches.find(({ traceId }) => traceId === traceOf('b'))!.spanId}-01`,
    ]);
  });

  it.each([
    ['a field that its caller may not have', '{ viewer { email } }', 'query', 'UNAUTHENTICATED', false],
    ['what a subgraph has a code of its own for', '{ fails(how: "coded") }', 'query', '_OTHER', false],
    ['what fails on our side', '{ fails(how: "crash") }', 'query', 'INTERNAL', true],
    ['what is no document', '{ open', 'POST /graphql', 'GRAPHQL_PARSE_FAILED', false],
  ])(
    'says with which code it failed, and of an error only where it is ours: %s',
    async (_what, query, name, code, ours) => {
      await gateway.query(query, { headers: from(traceOf('d')) });
      await recorded(1);
      expect(the(name)).toMatchObject({ kind: 'server', isError: ours, attributes: { 'error.type': code } });
      expect(JSON.stringify(spans)).not.toMatch(/declined|ECONNREFUSED|hunter2|coded|crash/i);
    },
  );

  it('says which fetch failed', async () => {
    failure = new Error('hunter2');
    await gateway.query('query Whose { notes { author { email } } }', { headers: from(traceOf('e')) });
    await recorded(1);
    expect(the('subgraph notes')).toMatchObject({ isError: false });
    expect(the('subgraph accounts')).toMatchObject({ isError: true, attributes: { 'error.type': '_OTHER' } });
    expect(the('query Whose')).toMatchObject({
      isError: true,
      attributes: { 'error.type': 'SUBGRAPH_UNREACHABLE', 'stack.outcome': 'errors' },
    });
    expect(JSON.stringify(spans)).not.toContain('hunter2');
  });

  it("to a product's route names the product and not the path", async () => {
    await gateway.get('/auth/login?next=secret', { headers: from(traceOf('a')) });
    await recorded(1);
    expect(spans).toMatchObject([
      { name: 'GET accounts', attributes: { 'stack.product': 'accounts', 'stack.route': 'product' } },
    ]);
    expect(JSON.stringify(spans)).not.toMatch(/login|secret/);
  });

  it('that subscribes is one span when it ends, and its events are none, in no subgraph', async () => {
    const socket = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string) {
          super(url, protocols, { headers: from(traceOf('b')) });
        }
      },
    });
    const subscription = socket.iterate({ query: 'subscription Friends { friended { noteCount } }' });
    for (const id of ['u1', 'u2']) {
      const next = subscription.next();
      while (events.open === 0) await new Promise(setImmediate);
      events.publish({ friended: { __typename: 'User', id } });
      expect((await next).value).toMatchObject({ data: { friended: { noteCount: expect.any(Number) } } });
    }
    await subscription.return?.();
    await recorded(1);
    await socket.dispose();
    expect(spans.map(({ name }) => name)).toEqual(['subscription Friends', 'plan']);
    expect(spans[0]).toMatchObject({ traceId: traceOf('b'), attributes: { 'stack.payloads': 2 } });
    const traceparent = (flags: string): string => `00-${traceOf('b')}-${spans[0]!.spanId}-${flags}`;
    expect(events.subscribed.map(({ context }) => context.trace)).toEqual([traceparent('01')]);
    expect(traceparents()).toEqual([traceparent('00'), traceparent('00')]);
  });
});

describe('A request that is not recorded', () => {
  it("is told of nowhere, whatever its client's flag says, and its subgraphs hear that, too", async () => {
    await gateway.query('{ notes { author { email } } }', { headers: from(traceOf('0').replace(/.$/, '1'), '01') });
    await gateway.query('{ open }', { headers: from(traceOf('c')) });
    await recorded(1);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([traceOf('c')]));
    const unrecorded = new RegExp(`^00-0{31}1-(?!${CLIENT_SPAN})[0-9a-f]{16}-00$`);
    expect(traceparents()).toEqual([expect.stringMatching(unrecorded)]);
    expect(asked[0]).toBe(traceparents()[0]); // no span, so no id, of each fetch
  });
});
