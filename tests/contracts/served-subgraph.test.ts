import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text as textIn } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anonymousContext } from '@inevitable/contract';
import {
  contextVerifier,
  hostSubgraph,
  serveSubgraph,
  type HostedSubgraph,
  type ServedSubgraph,
} from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import { serverAudits } from 'graphql-http';
import { pino } from 'pino';

/** A body in the hands of the test. */
interface HeldBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Resolves when nobody wants the rest. */
  readonly cancelled: Promise<unknown>;
}

function holdBody(): HeldBody {
  let controller!: HeldBody['controller'];
  let stream!: HeldBody['stream'];
  const cancelled = new Promise<unknown>((resolve) => {
    stream = new ReadableStream({ start: (given) => void (controller = given), cancel: resolve });
  });
  return { stream, controller, cancelled };
}

/** What the next request for `/starter/held` is answered with. */
let held: HeldBody;
const withRoutes: typeof starter = {
  ...starter,
  routes: {
    'GET /starter/held': () => new Response(held.stream, { headers: { 'content-length': '10', etag: '"x"' } }),
    'POST /starter/late': async (_request, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return new Response(held.stream);
    },
    'GET /starter/json': () => Response.json({ a: 1 }, { status: 201, headers: { 'x-more': 'yes' } }),
    'GET /starter/empty': () => new Response(null, { headers: { 'content-type': 'application/json' } }),
    'GET /starter/method': (request) => new Response(null, { headers: { 'x-method': request.method } }),
    'GET /starter/open': (_request, { client }) => Response.json(client),
    'GET /starter/client': (_request, { client }) => Response.json(client),
  },
  openRoutes: ['GET /starter/open'],
};

let product: TestSubgraph;
let hosted: HostedSubgraph;
const served: ServedSubgraph[] = [];
const logged: string[] = [];
const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });

beforeAll(async () => {
  product = await testSubgraph(starter);
  hosted = hostSubgraph(withRoutes, { database: product.database, entitlements: {} as never, events: null, log });
  const listen = { host: '127.0.0.1', port: 0, checks: {}, log };
  served.push(
    // Nobody publishes keys there: no token can hold.
    await serveSubgraph(hosted, { ...listen, verifyContext: contextVerifier('starter', 'http://127.0.0.1:1/keys') }),
    // What a verified request sees.
    await serveSubgraph(hosted, {
      ...listen,
      verifyContext: (_token, facts) => Promise.resolve(anonymousContext({ ...facts, deployment: 'internal' })),
    }),
  );
});
afterAll(async () => {
  await Promise.all(served.map((server) => server.close()));
  await product.close();
});

const base64 = (value: string) => Buffer.from(value).toString('base64url');

function statusOf(path: string, method: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(served[0]!.url);
    httpRequest({ port, path, method, headers }, (response) => resolve(response.resume().statusCode!))
      .on('error', reject)
      .end();
  });
}

describe('A subgraph served by itself', () => {
  it('that stops waits for no connection that a client keeps after its last answer', async () => {
    const stopping = await serveSubgraph(hosted, {
      host: '127.0.0.1',
      port: 0,
      checks: {},
      verifyContext: (_token, facts) => Promise.resolve(anonymousContext({ ...facts, deployment: 'internal' })),
      log,
    });
    held = holdBody();
    const agent = new Agent({ keepAlive: true });
    const asked = httpRequest(`${stopping.url}/starter/held`, { agent }).end();
    held.controller.enqueue(Buffer.from('first'));
    const [message] = (await once(asked, 'response')) as [IncomingMessage];
    const closing = stopping.close();
    await expect(fetch(`${stopping.url}/live`)).rejects.toThrow();
    held.controller.enqueue(Buffer.from('-last'));
    held.controller.close();
    expect(await textIn(message)).toBe('first-last');
    await closing;
    agent.destroy();
  }, 20_000);

  it('that is told to stop with a delay is not ready at once, and answers what still comes, each connection for the last time', async () => {
    const stopping = await serveSubgraph(hosted, {
      host: '127.0.0.1',
      port: 0,
      checks: {},
      stopDelayMs: 1_500,
      verifyContext: (_token, facts) => Promise.resolve(anonymousContext({ ...facts, deployment: 'internal' })),
      log,
    });
    const closing = stopping.close();
    const readiness = await fetch(`${stopping.url}/ready`);
    expect([readiness.status, await readiness.json()]).toEqual([
      503,
      {
        status: 'not ready',
        parts: [{ name: 'accepting requests', ready: false, reason: 'draining: this process is being stopped' }],
      },
    ]);
    const answer = await fetch(`${stopping.url}/starter/json`);
    expect([answer.status, answer.headers.get('connection'), await answer.json()]).toEqual([201, 'close', { a: 1 }]);
    await closing;
    await expect(fetch(`${stopping.url}/live`)).rejects.toThrow();
  });

  it('believes where a client is beside a context that holds, and of nobody else', async () => {
    const headers = { 'x-inevitable-client-address': '198.51.100.7', 'x-inevitable-client-agent': 'a browser' };
    const seen = async (server: number, path: string) => {
      const response = await fetch(served[server]!.url + path, { headers });
      return { status: response.status, body: await response.json() };
    };
    const client = { address: '198.51.100.7', agent: 'a browser' };
    expect(await seen(1, '/starter/client')).toEqual({ status: 200, body: client });
    expect(await seen(0, '/starter/client')).toMatchObject({ status: 401 });
    expect(await seen(1, '/starter/open')).toEqual({ status: 200, body: { address: null, agent: null } });
  });

  it.each([
    ['no context', '/graphql', 'POST', {}],
    ['a context that is no token', '/graphql', 'POST', { 'x-inevitable-context': 'x' }],
    [
      'a token whose claims are no JSON',
      '/graphql',
      'POST',
      { 'x-inevitable-context': `${base64('{"typ":"JWT","alg":"ES256"}')}.${base64('not json')}.x` },
    ],
    [
      'a token of an unknown key',
      '/graphql',
      'POST',
      { 'x-inevitable-context': `${base64('{"typ":"ctx+jwt","alg":"ES256","kid":"__proto__"}')}.${base64('{}')}.x` },
    ],
    ['a Host header that is none', '/graphql', 'POST', { host: 'a b' }],
    ['a Host header with an impossible port', '/graphql', 'POST', { host: 'a:99999' }],
    ['a path of slashes', '//', 'GET', {}],
    ['a path that cannot be decoded', '/%zz', 'GET', {}],
    ['TRACE', '/graphql', 'TRACE', {}],
  ])('answers %s as a mistake of the caller, never as its own', async (_what, path, method, headers) => {
    const status = await statusOf(path, method, headers as Record<string, string>);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it('survives what is not HTTP', async () => {
    const { port } = new URL(served[0]!.url);
    await new Promise<void>((resolve) =>
      connect(Number(port), '127.0.0.1')
        .on('close', () => resolve())
        .on('error', () => undefined)
        .resume()
        .end('\u0000\u0001 nonsense\r\n\r\n'),
    );
    expect((await fetch(`${served[0]!.url}/live`)).status).toBe(200);
  });

  for (const audit of serverAudits({ url: () => `${served[1]!.url}/graphql`, fetchFn: fetch })) {
    it(`GraphQL over HTTP: ${audit.id} ${audit.name}`, async () => {
      const result = await audit.fn();
      if (result.status === 'error') throw new Error(result.reason);
    });
  }
});

describe("A route's answer", () => {
  const text = (body: string) => new TextEncoder().encode(body);
  const get = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) =>
      httpRequest(served[1]!.url + path, resolve)
        .on('error', reject)
        .end(),
    );
  const textOf = async (message: IncomingMessage): Promise<string> =>
    (await message.setEncoding('utf8').toArray()).join('');

  it('is sent as it comes, with the length it says', async () => {
    held = holdBody();
    const answer = get('/starter/held');
    held.controller.enqueue(text('first'));
    const message = await answer;
    const [first] = await once(message, 'data');
    expect(String(first)).toBe('first'); // and the rest is not written yet
    held.controller.enqueue(text('-last'));
    held.controller.close();
    expect(await textOf(message)).toBe('-last');
    expect(message.headers).toMatchObject({ 'content-length': '10', etag: '"x"' });
    expect(message.headers).not.toHaveProperty('transfer-encoding');
  });

  it('is cancelled when the client leaves', async () => {
    held = holdBody();
    const answer = get('/starter/held');
    held.controller.enqueue(text('first'));
    const message = await answer;
    message.on('error', () => undefined).destroy();
    await held.cancelled;
  });

  it('is cancelled when the client has left before it is there, and that is no fault of ours', async () => {
    held = holdBody();
    logged.length = 0;
    const answer = httpRequest(`${served[1]!.url}/starter/late`, { method: 'POST' }).on('error', () => undefined);
    await new Promise<void>((resolve) => answer.end('{}', resolve));
    answer.destroy();
    await held.cancelled;
    await get('/starter/json'); // what there is to be said has been said
    expect(logged).toEqual([]);
  });

  it('breaks off when its body fails, for half of it is no answer', async () => {
    held = holdBody();
    const answer = get('/starter/held');
    held.controller.enqueue(text('first'));
    const message = await answer;
    held.controller.error(new Error('the disk is gone'));
    await expect(textOf(message)).rejects.toThrow('aborted');
  });

  it('is an error where its body fails before its first byte', async () => {
    held = holdBody();
    const answer = get('/starter/held');
    held.controller.error(new Error('the disk is gone'));
    const message = await answer;
    expect(message.statusCode).toBe(500);
    expect(JSON.parse(await textOf(message))).toEqual({
      errors: [{ message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } }],
    });
  });

  it('is empty where it has no body, whatever its type', async () => {
    const message = await get('/starter/empty');
    expect([message.statusCode, message.headers['content-length'], await textOf(message)]).toEqual([200, '0', '']);
  });

  it('to HEAD is the one to GET without its body, which is not read', async () => {
    held = holdBody();
    const head = (path: string) => fetch(served[1]!.url + path, { method: 'HEAD' });
    const answer = await head('/starter/held');
    expect([answer.status, answer.headers.get('content-length'), answer.headers.get('etag')]).toEqual([
      200,
      '10',
      '"x"',
    ]);
    await held.cancelled;

    const json = await head('/starter/json');
    expect([json.status, json.headers.get('content-type'), json.headers.get('x-more'), await json.text()]).toEqual([
      201,
      'application/json',
      'yes',
      '',
    ]);
    expect((await head('/starter/method')).headers.get('x-method')).toBe('HEAD');
    expect((await head('/starter/missing')).status).toBe(404);
  });

  it('to HEAD has no body in the same process either, and is open where that to GET is', async () => {
    const context = anonymousContext({
      requestId: 'x',
      trace: null,
      deadline: Date.now() + 10_000,
      signal: new AbortController().signal,
      deployment: 'internal',
    });
    const answer = await hosted.fetch(new Request('http://x/starter/json', { method: 'HEAD' }), context);
    expect([answer.status, answer.body, answer.headers.get('x-more')]).toEqual([201, null, 'yes']);
    const missing = await hosted.fetch(new Request('http://x/starter/missing', { method: 'HEAD' }), context);
    expect([missing.status, missing.body]).toEqual([404, null]);
    expect(hosted.isOpenRoute('HEAD', '/starter/open')).toBe(true);
    expect(hosted.isOpenRoute('HEAD', '/starter/json')).toBe(false);
    expect((await fetch(`${served[0]!.url}/starter/open`, { method: 'HEAD' })).status).toBe(200);
  });
});
