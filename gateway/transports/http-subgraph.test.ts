import { afterEach, describe, expect, it } from '@jest/globals';
import { CONTEXT_HEADER, DeadlinePassed, SubgraphUnreachable } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { contextFor, httpPeer, type HttpPeer } from '../test-support/test-subgraphs.js';
import { createContextTokens } from './context-tokens.js';
import { httpSubgraph, type HttpSubgraph } from './http-subgraph.js';

const contextTokens = createContextTokens();
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function peer(answer: Parameters<typeof httpPeer>[0]): Promise<{ peer: HttpPeer; subgraph: HttpSubgraph }> {
  const peer = await httpPeer(answer);
  const subgraph = httpSubgraph({ name: 'notes', routingUrl: `${peer.url}/graphql`, contextTokens });
  opened.push(peer, subgraph);
  return { peer, subgraph };
}

const answering = (status: number, type: string, body: string) =>
  peer((_request, response) => void response.writeHead(status, { 'content-type': type }).end(body));

const QUERY = { query: '{ notes { id } }' };
const JSON_TYPE = 'application/json';

describe('A subgraph behind HTTP', () => {
  it('gets the operation with a token for itself, the request id, the trace and the time left', async () => {
    const { peer: server, subgraph } = await answering(200, JSON_TYPE, '{"data":{"notes":[]}}');
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    expect(await subgraph.execute(QUERY, contextFor({ trace }))).toEqual({ data: { notes: [] } });
    const { headers, method, url } = server.requests[0]!;
    expect({ method, url }).toEqual({ method: 'POST', url: '/graphql' });
    expect(headers).toMatchObject({ 'x-request-id': 'r1', traceparent: trace, 'content-type': JSON_TYPE });
    expect(jwt.decode(headers[CONTEXT_HEADER] as string)).toMatchObject({ aud: 'notes', knd: 'anonymous' });
    expect(Number(headers['x-inevitable-deadline-ms'])).toBeGreaterThan(29_000);
  });

  it.each([
    [
      'a GraphQL error body on 500',
      500,
      'application/graphql-response+json; charset=utf-8',
      '{"errors":[{"message":"no"}]}',
    ],
    ['a GraphQL error body on 400', 400, JSON_TYPE, '{"errors":[{"message":"no"}],"data":null}'],
  ])('passes on %s', async (_what, status, type, body) => {
    const { subgraph } = await answering(status, type, body);
    expect(await subgraph.execute(QUERY, contextFor())).toEqual(JSON.parse(body));
  });

  it.each([
    ['500 without a GraphQL body', 500, JSON_TYPE, '{"error":"x"}'],
    ['a page', 200, 'text/html', '<html>'],
    ['no content type', 200, '', '{"data":{}}'],
    ['JSON that is not', 200, JSON_TYPE, '{"data":'],
    ['an empty body', 200, JSON_TYPE, ''],
    ['a list', 200, JSON_TYPE, '[]'],
    ['null', 200, JSON_TYPE, 'null'],
    ['data that is a list', 200, JSON_TYPE, '{"data":[]}'],
    ['errors that are none', 200, JSON_TYPE, '{"errors":["x"]}'],
    [
      'a refusal of the gateway itself',
      401,
      JSON_TYPE,
      '{"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED"}}]}',
    ],
  ])('is unreachable when it answers with %s', async (_what, status, type, body) => {
    const { subgraph } = await answering(status, type, body);
    await expect(subgraph.execute(QUERY, contextFor())).rejects.toBeInstanceOf(SubgraphUnreachable);
  });

  it('is unreachable when nothing listens', async () => {
    const { peer: server, subgraph } = await answering(200, JSON_TYPE, '{}');
    await server.close();
    await expect(subgraph.execute(QUERY, contextFor())).rejects.toBeInstanceOf(SubgraphUnreachable);
    expect(await subgraph.health()).toMatchObject({
      name: 'notes',
      ready: false,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is unreachable when the body breaks off', async () => {
    const { subgraph } = await peer((_request, response) => {
      response.writeHead(200, { 'content-type': JSON_TYPE, 'content-length': '100' });
      response.write('{"data":', () => response.destroy());
    });
    await expect(subgraph.execute(QUERY, contextFor())).rejects.toBeInstanceOf(SubgraphUnreachable);
  });

  it('is waited for until the deadline and no longer', async () => {
    const { subgraph } = await peer(() => undefined);
    await expect(subgraph.execute(QUERY, contextFor({ deadline: Date.now() + 50 }))).rejects.toBeInstanceOf(
      DeadlinePassed,
    );
    await expect(subgraph.execute(QUERY, contextFor({ deadline: Date.now() - 1 }))).rejects.toBeInstanceOf(
      DeadlinePassed,
    );
  });

  it('sees the connection end when the client leaves', async () => {
    const abort = new AbortController();
    let closed!: () => void;
    const sawClose = new Promise<void>((resolve) => (closed = resolve));
    const { subgraph } = await peer((request) => {
      request.socket.once('close', closed);
      abort.abort(new Error('left'));
    });
    await expect(subgraph.execute(QUERY, contextFor({ signal: abort.signal }))).rejects.toBeInstanceOf(
      SubgraphUnreachable,
    );
    await sawClose;
  });

  it('keeps its connections', async () => {
    const ports = new Set<number>();
    const { subgraph } = await peer((request, response) => {
      ports.add(request.socket.remotePort!);
      response.writeHead(200, { 'content-type': JSON_TYPE }).end('{"data":{}}');
    });
    for (let at = 0; at < 20; at++) await subgraph.execute(QUERY, contextFor());
    expect(ports.size).toBeLessThanOrEqual(2); // one may still be reading the end of an answer
  });

  it('answers its HTTP routes with status, headers, cookies and body, and hears who calls', async () => {
    const { peer: server, subgraph } = await peer((request, response) => {
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], 'x-made': 'here', 'content-type': 'text/plain' });
      request.pipe(response);
    });
    const request = new Request('http://shop.test/notes/export?all=1', {
      method: 'POST',
      body: 'hello',
      headers: { 'x-own': 'yes', 'x-inevitable-context': 'forged' },
    });
    const response = await subgraph.fetch(request, contextFor());
    expect([
      response.status,
      response.headers.get('x-made'),
      response.headers.getSetCookie(),
      await response.text(),
    ]).toEqual([201, 'here', ['a=1', 'b=2'], 'hello']);
    const { headers, method, url } = server.requests[0]!;
    expect({ method, url, own: headers['x-own'] }).toEqual({ method: 'POST', url: '/notes/export?all=1', own: 'yes' });
    expect(jwt.decode(headers[CONTEXT_HEADER] as string)).toMatchObject({ aud: 'notes' });
  });

  it('may answer a route without a body', async () => {
    const { subgraph } = await peer((_request, response) => void response.writeHead(204).end());
    const response = await subgraph.fetch(new Request('http://shop.test/notes'), contextFor());
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('says in its own words why it is not ready', async () => {
    const { peer: server, subgraph } = await answering(
      503,
      JSON_TYPE,
      JSON.stringify({
        parts: [
          { name: 'database', ready: false, reason: 'refused' },
          { name: 'x', ready: true },
        ],
      }),
    );
    expect(await subgraph.health()).toEqual({ name: 'notes', ready: false, reason: 'database: refused' });
    expect(server.requests[0]!.url).toBe('/ready');
  });
});
