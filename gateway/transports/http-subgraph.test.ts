import { afterEach, describe, expect, it } from '@jest/globals';
import { CONTEXT_HEADER, DeadlinePassed, SubgraphUnreachable } from '@inevitable/contract';
import { parse } from 'graphql';
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

/** One that is told nothing about its callers, as with `--auth off`. */
async function foreignPeer(
  answer: Parameters<typeof httpPeer>[0],
): Promise<{ peer: HttpPeer; subgraph: HttpSubgraph }> {
  const peer = await httpPeer(answer);
  const subgraph = httpSubgraph({ name: 'notes', routingUrl: `${peer.url}/graphql?x=1`, contextTokens: null });
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

  it('hears where the client is, with operations and with requests for the product, whatever the client says', async () => {
    const { peer: server, subgraph } = await answering(200, JSON_TYPE, '{"data":{"notes":[]}}');
    const told = { 'x-inevitable-client-address': '198.51.100.7', 'x-inevitable-client-agent': 'a browser' };
    const context = contextFor({ client: { address: '198.51.100.7', agent: 'a browser' } });
    const forged = { 'x-inevitable-client-address': '6.6.6.6', 'x-inevitable-context': 'forged' };
    await subgraph.execute(QUERY, context);
    await subgraph.fetch(new Request('http://stack.test/notes', { headers: forged }), context);
    for (const { headers } of server.requests) expect(headers).toMatchObject(told);
    expect(jwt.decode(server.requests[1]!.headers[CONTEXT_HEADER] as string)).toMatchObject({ aud: 'notes' });
    await subgraph.fetch(new Request('http://stack.test/notes', { headers: forged }), contextFor());
    expect(server.requests[2]!.headers).not.toHaveProperty('x-inevitable-client-address');
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
    await expect(subgraph.execute(QUERY, contextFor({ signal: abort.signal }))).rejects.toThrow('left');
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

  it('may answer a route late, but not after the deadline', async () => {
    const { subgraph } = await peer(() => undefined);
    const late = contextFor({ signal: AbortSignal.abort(new DeadlinePassed('late')) });
    await expect(subgraph.fetch(new Request('http://shop.test/notes'), late)).rejects.toThrow('late');
    const over = contextFor({ deadline: Date.now() - 1 });
    await expect(subgraph.fetch(new Request('http://shop.test/notes'), over)).rejects.toBeInstanceOf(DeadlinePassed);
  });

  it('that is gone can be seen to be: by its circuit, and by what was sent a second time', async () => {
    const { peer: server, subgraph } = await answering(200, JSON_TYPE, '{"data":{}}');
    await subgraph.execute(QUERY, contextFor());
    expect(subgraph.measured()).toEqual({ circuit: 'closed', retries: 0 });
    await server.close();
    for (let failed = 0; failed < 5; failed++)
      await expect(subgraph.execute({ ...QUERY, document: parse(QUERY.query) }, contextFor())).rejects.toThrow();
    expect(subgraph.measured()).toEqual({ circuit: 'open', retries: 3 });
  });

  it('is told no more time than it will be waited for', async () => {
    const { peer: server } = await answering(200, JSON_TYPE, '{"data":{}}');
    const options = { name: 'notes', routingUrl: `${server.url}/graphql`, contextTokens, timeoutMs: 1_000 };
    const subgraph = httpSubgraph(options);
    opened.push(subgraph);
    await subgraph.execute(QUERY, contextFor());
    expect(Number(server.requests[0]!.headers['x-inevitable-deadline-ms'])).toBeLessThanOrEqual(1_000);
  });

  it('hands out the bytes of its answer as they came, less a byte order mark', async () => {
    const { subgraph } = await answering(200, JSON_TYPE, '\uFEFF{"data" : {"a":"ä"}}');
    const fetch = { kind: 'query', operationName: null, body: '{}', request: () => QUERY } as const;
    const context = contextFor();
    expect(await subgraph.send(fetch, context, context.signal)).toEqual({
      kind: 'bytes',
      bytes: Buffer.from('{"data" : {"a":"ä"}}'),
      shared: false,
    });
  });

  it('gets the headers of extensions, none of them in place of our own', async () => {
    const { peer: server, subgraph } = await answering(200, JSON_TYPE, '{"data":{}}');
    const context = contextFor();
    const headers = {
      'X-Canary': 'yes',
      'X-Inevitable-Context': 'forged',
      'x-request-id': 'forged',
      host: 'a',
      te: 'b',
    };
    const fetch = { kind: 'query', operationName: null, body: '{}', headers, request: () => QUERY } as const;
    await subgraph.send(fetch, context, context.signal);
    const { headers: got } = server.requests[0]!;
    expect(got).toMatchObject({ 'x-canary': 'yes', 'x-request-id': 'r1', host: new URL(server.url).host });
    expect(got).not.toHaveProperty('te');
    expect(jwt.decode(got[CONTEXT_HEADER] as string)).toMatchObject({ aud: 'notes' });
  });

  it('shares equal queries of a known document, and nothing it cannot tell from a mutation', async () => {
    const waiting: (() => void)[] = [];
    let arrived!: () => void;
    const { peer: server, subgraph } = await peer((_request, response) => {
      waiting.push(() => void response.writeHead(200, { 'content-type': JSON_TYPE }).end('{"data":{"n":1}}'));
      if (waiting.length === 4) arrived();
    });
    const all = new Promise<void>((resolve) => (arrived = resolve));
    const mutation = 'mutation { a }';
    const asked = [
      { ...QUERY, document: parse(QUERY.query) },
      { ...QUERY, document: parse(QUERY.query) },
      QUERY,
      { query: mutation, document: parse(mutation) },
      { query: mutation, document: parse(mutation) },
    ].map((request) => subgraph.execute(request, contextFor()));
    await all;
    for (const answer of waiting) answer();
    const answers = await Promise.all(asked);
    expect(server.requests).toHaveLength(4);
    expect(answers).toEqual(answers.map(() => ({ data: { n: 1 } })));
    expect(answers[0]).not.toBe(answers[1]);
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

describe('A subgraph that is told nothing about its callers', () => {
  it('gets no context token', async () => {
    const { peer: server, subgraph } = await foreignPeer(
      (_request, response) => void response.writeHead(200, { 'content-type': JSON_TYPE }).end('{"data":{}}'),
    );
    await subgraph.execute(QUERY, contextFor({ client: { address: '198.51.100.7', agent: 'a browser' } }));
    for (const name of [CONTEXT_HEADER, 'x-inevitable-client-address', 'x-inevitable-client-agent'])
      expect(server.requests[0]!.headers).not.toHaveProperty(name);
  });

  it.each([200, 400, 500])('is ready when it answers at all, be it with %i', async (status) => {
    const { peer: server, subgraph } = await foreignPeer((_request, response) => void response.writeHead(status).end());
    expect(await subgraph.health()).toEqual({ name: 'notes', ready: true, reason: null });
    expect(server.requests).toMatchObject([{ method: 'POST', url: '/graphql?x=1' }]);
  });

  it('is not ready when nothing listens', async () => {
    const { peer: server, subgraph } = await foreignPeer(() => undefined);
    await server.close();
    expect(await subgraph.health()).toMatchObject({ ready: false, reason: expect.stringContaining('ECONNREFUSED') });
  });
});
