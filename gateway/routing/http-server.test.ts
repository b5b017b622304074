import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { notReady, ready, SubgraphUnreachable } from '@inevitable/contract';
import { ADA } from '../test-support/test-identity.js';
import { product, testGateway, type Json, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, handles, notes } from '../test-support/test-subgraphs.js';
import { until } from '../test-support/until.js';

let gateway: TestGateway;
let notesHealthy = true;
let looksAtNotes = 0;
beforeAll(async () => {
  const shop = notes({
    async health() {
      looksAtNotes++;
      return notesHealthy ? ready('notes') : notReady('notes', 'its database is down');
    },
  });
  const odd = accounts({
    fetch: async (request, context) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/cookies'))
        return new Response('ok', {
          status: 202,
          headers: [
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['x-own', 'yes'],
            ['x-inevitable-secret', 'no'],
            ['connection', 'x-gone'],
            ['x-gone', '1'],
          ],
        });
      if (pathname.endsWith('/sized'))
        return new Response(request.method === 'HEAD' ? null : 'ok', {
          headers: { 'content-length': new URL(request.url).searchParams.get('length')! },
        });
      if (pathname.endsWith('/down')) throw new SubgraphUnreachable('accounts', new Error('ECONNREFUSED 10.0.0.3'));
      if (pathname.endsWith('/bug')) throw new TypeError('cannot read secret of undefined');
      if (pathname.endsWith('/empty')) return new Response(null, { status: 204 });
      if (pathname.endsWith('/moved')) return Response.redirect('http://elsewhere.test/', 302);
      return accounts().fetch(request, context);
    },
  });
  gateway = await testGateway({
    subgraphs: handles(odd, shop),
    products: [
      product('notes', { hosts: ['notes.example.com'] }),
      product('accounts', { pathPrefixes: ['/auth'], authRequired: false }),
    ],
  });
});
afterAll(() => gateway.close());

const json = async (path: string, init?: RequestInit) => {
  const response = await gateway.get(path, init);
  return { status: response.status, body: (await response.json()) as Json };
};
/** As a client may send it that normalises nothing. */
const raw = (path: string, headers: Record<string, string | string[]> = {}, method = 'GET') =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(gateway.url);
    httpRequest(
      { hostname, port, path, method, headers },
      (response) => void text(response).then((body) => resolve({ status: response.statusCode!, body })),
    )
      .on('error', reject)
      .end();
  });
const authorization = () => ({ authorization: `Bearer ${gateway.identity.accessToken()}` });

describe('A product route', () => {
  it('gets the whole request, its caller, and none of the client’s credentials', async () => {
    const { body } = await json('/notes/export?all=1', {
      method: 'PUT',
      body: 'hello',
      headers: {
        ...authorization(),
        cookie: 'sid=1',
        'x-own': 'yes',
        'x-inevitable-context': 'forged',
        'x-forwarded-for': '6.6.6.6',
        'x-real-ip': '6.6.6.6',
        'content-type': 'text/x-own',
      },
    });
    expect(body).toMatchObject({
      product: 'notes',
      method: 'PUT',
      url: `${gateway.url}/notes/export?all=1`,
      body: 'hello',
      caller: { kind: 'member', userId: ADA.sub },
    });
    expect(body.headers).toMatchObject({
      'x-own': 'yes',
      'content-type': 'text/x-own',
      'x-forwarded-for': '127.0.0.1',
    });
    for (const name of ['authorization', 'cookie', 'x-inevitable-context', 'x-real-ip', 'connection'])
      expect(body.headers).not.toHaveProperty(name);
  });

  it('answers nobody with 401 unless it is open', async () => {
    const refused = { status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'Sign in first.' } } };
    expect(await json('/notes')).toEqual(refused);
    expect(await json('/whatever', { headers: {} })).toMatchObject({ status: 404 });
    expect(await raw('/whatever', { host: 'notes.example.com' })).toMatchObject({ status: 401 });
    expect(await json('/notes', { headers: { authorization: 'Bearer x' } })).toMatchObject({ status: 401 });
    expect(await json('/auth/login', { method: 'POST', body: '{}' })).toMatchObject({
      status: 200,
      body: { caller: { kind: 'anonymous' } },
    });
  });

  it('that is open is not closed by a token that ended, and hears of one that holds', async () => {
    const ended = gateway.identity.accessToken({ claims: { exp: 1 } });
    const { status, body } = await json('/auth/refresh', {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${ended}`, cookie: 'device=1' },
    });
    expect([status, body.caller, body.headers.authorization, body.headers.cookie]).toEqual([
      200,
      { kind: 'anonymous' },
      undefined,
      'device=1',
    ]);
    expect((await json('/auth/me', { headers: authorization() })).body.caller).toMatchObject({ kind: 'member' });
  });

  it('answers with its status, headers and cookies, and with nothing of the inside', async () => {
    const response = await gateway.get('/auth/cookies');
    expect([
      response.status,
      response.headers.getSetCookie(),
      response.headers.get('x-own'),
      await response.text(),
    ]).toEqual([202, ['a=1', 'b=2'], 'yes', 'ok']);
    expect([
      response.headers.get('x-inevitable-secret'),
      response.headers.get('x-gone'),
      response.headers.get('x-request-id'),
    ]).toEqual([null, null, expect.any(String)]);
  });

  it('says how long its answer is, and is cut off where that is not so', async () => {
    const sized = await gateway.get('/auth/sized?length=2');
    expect([sized.headers.get('content-length'), await sized.text()]).toEqual(['2', 'ok']);
    const head = await gateway.get('/auth/sized?length=2', { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['2', '']);
    const short = gateway.get('/auth/sized?length=3').then((response) => response.text());
    await expect(short).rejects.toThrow();
    const error = { code: 'INTERNAL', message: 'Something failed on our side.' };
    expect(await json('/auth/sized?length=1')).toEqual({ status: 500, body: { error } });
    expect(await (await gateway.get('/auth/sized?length=x')).text()).toBe('ok');
  });

  it('may answer nothing, or send the client elsewhere', async () => {
    expect((await gateway.get('/auth/empty')).status).toBe(204);
    const moved = await gateway.get('/auth/moved', { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://elsewhere.test/']);
    expect(await raw('/auth/login', {}, 'HEAD')).toEqual({ status: 200, body: '' });
  });

  it('that cannot be reached is 503, and one with a bug is 500, in words without detail', async () => {
    expect(await json('/auth/down')).toEqual({
      status: 503,
      body: { error: { code: 'SUBGRAPH_UNREACHABLE', message: 'A part of the stack did not answer.' } },
    });
    expect(await json('/auth/bug')).toEqual({
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'Something failed on our side.' } },
    });
  });

  it('is found by the path as it will be read, not as it is spelt', async () => {
    expect(await raw('/auth/../notes/1')).toMatchObject({ status: 401 });
    expect(await raw('/auth/%2e%2e/notes/1')).toMatchObject({ status: 401 });
    expect(JSON.parse((await raw('/notes/../auth/x')).body)).toMatchObject({
      product: 'accounts',
      url: expect.stringMatching(/\/auth\/x$/),
    });
    expect(await raw('/auth\\..\\notes')).toMatchObject({ status: 401 });
  });

  it.each<[string, Record<string, string>]>([
    ['http://evil.test/auth', {}],
    ['*', {}],
    ['/auth/x', { host: 'a@b' }],
    ['/auth/x', { host: 'a/b' }],
    ['/auth/x', { host: 'a:99999' }],
  ])('with the target %j and headers %j is refused', async (path, headers) => {
    expect(await raw(path, headers, path === '*' ? 'OPTIONS' : 'GET')).toMatchObject({ status: 400 });
  });

  it.each(['//evil.test/x', '/%', '/%zz', '/auth/%', '/a'.repeat(5_000)])(
    'never fails on the path %.20j',
    async (path) => {
      expect((await raw(path)).status).toBeLessThan(500);
    },
  );

  it('takes a body of a mebibyte and no more', async () => {
    expect((await json('/auth/x', { method: 'POST', body: 'x'.repeat(1_048_576) })).status).toBe(200);
    expect(await json('/auth/x', { method: 'POST', body: 'x'.repeat(10_000_000) })).toMatchObject({
      status: 413,
      body: { error: { code: 'BAD_USER_INPUT' } },
    });
  });
});

describe('The gateway’s own paths', () => {
  it('/live answers as long as the process does', async () => {
    expect(await json('/live')).toEqual({ status: 200, body: { status: 'live' } });
  });

  it('/ready names every part', async () => {
    expect(await json('/ready')).toEqual({
      status: 200,
      body: {
        status: 'ready',
        parts: ['supergraph', 'verification keys', 'revocation feed', 'context key', 'load', 'accepting requests'].map(
          (name) => ({ name, ready: true, reason: null }),
        ),
      },
    });
  });

  it('/health asks every subgraph, and /<prefix>/health one, without a caller', async () => {
    const { status, body } = await json('/health');
    expect([status, body.parts.map(({ name }: { name: string }) => name)]).toEqual([
      200,
      [
        'supergraph',
        'verification keys',
        'revocation feed',
        'context key',
        'load',
        'accepting requests',
        'accounts',
        'notes',
      ],
    ]);
    expect(await json('/notes/health')).toEqual({ status: 200, body: { name: 'notes', ready: true, reason: null } });
    notesHealthy = false;
    await until(async () => (await json('/notes/health')).status === 503);
    expect(await json('/notes/health')).toEqual({
      status: 503,
      body: { name: 'notes', ready: false, reason: 'its database is down' },
    });
    expect(await json('/health')).toMatchObject({ status: 503, body: { status: 'not ready' } });
    expect(await json('/ready')).toMatchObject({ status: 200 }); // one product's trouble takes no gateway out of service
    notesHealthy = true;
  });

  it('ask a subgraph no oftener than once a second, however many ask for both', async () => {
    const before = looksAtNotes;
    const begun = performance.now();
    await Promise.all(Array.from({ length: 50 }, (_, index) => json(index % 2 ? '/health' : '/notes/health')));
    const seconds = Math.ceil((performance.now() - begun) / 1_000);
    expect(looksAtNotes - before).toBeLessThanOrEqual(1 + seconds);
  });

  it('are all there is: anything else is 404, and another method 405', async () => {
    expect(await json('/nowhere')).toEqual({
      status: 404,
      body: { error: { code: 'NOT_FOUND', message: 'No such path here: /nowhere.' } },
    });
    expect(await json('/')).toMatchObject({ status: 404 });
    expect((await raw('/auth/x', {}, 'TRACE')).status).toBe(405);
    expect((await json('/ready', { method: 'POST' })).status).toBe(404);
  });

  it('answer what is not HTTP with 400 and close', async () => {
    const { port } = new URL(gateway.url);
    const answers = await Promise.all(
      ['NONSENSE\r\n\r\n', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`].map((bytes) =>
        text(
          connect(Number(port), '127.0.0.1').on('connect', function (this: { write(text: string): void }) {
            this.write(bytes);
          }),
        ),
      ),
    );
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 431 Request Header Fields Too Large',
    ]);
    expect(answers[0]).toContain('"code":"BAD_USER_INPUT"');
  });
});
