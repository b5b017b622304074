import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { WebSocket } from 'ws';
import { product, testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, handles, notes } from '../test-support/test-subgraphs.js';
import { readCorsRule, type CorsRule } from './cors.js';

const CERTIFICATES = new URL('../test-support/certificate/', import.meta.url);

interface Asked {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}
interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As the bytes are: `fetch` follows redirects and unpacks. */
const ask = (url: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url + path, { method, headers, rejectUnauthorized: false }, (response) =>
      buffer(response).then(
        (read) => resolve({ status: response.statusCode!, headers: response.headers, body: read }),
        reject,
      ),
    );
    request.on('error', reject).end(body);
  });

const operation = (query: string, headers: OutgoingHttpHeaders = {}): Asked => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ query }),
});
const LONG = `{ ${Array.from({ length: 40 }, (_, at) => `answer_that_is_long_enough_${at}: open`).join(' ')} }`;
const CLOSED = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': "frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};
const rules = ['https://app.test', 'shop.test=https://shop-app.test'].map((text) => readCorsRule(text) as CorsRule);

let open: TestGateway;
let secure: TestGateway;
beforeAll(async () => {
  const told = accounts({
    fetch: async (request) =>
      Response.json(
        { url: request.url, proto: request.headers.get('x-forwarded-proto') },
        { headers: { 'x-frame-options': 'SAMEORIGIN' } },
      ),
  });
  const given = {
    subgraphs: handles(told, notes()),
    products: [product('accounts', { pathPrefixes: ['/auth'], authRequired: false })],
    corsRules: rules,
  };
  open = await testGateway(given);
  secure = await testGateway({ ...given, httpsRequired: true, trustedProxies: ['127.0.0.1'] });
});
afterAll(() => Promise.all([open.close(), secure.close()]));

const BY_PROXY = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'graph.example.com' };

describe('An answer', () => {
  it.each([
    ['/graphql', operation('{ open }')],
    ['/graphql', operation('{ nonsense }')],
    ['/live', {}],
    ['/nobody', {}],
  ])('of %s is no page to be framed, and is what it says it is', async (path, asked) => {
    expect((await ask(open.url, path, asked)).headers).toMatchObject(CLOSED);
  });

  it('of a product keeps what the product says of itself', async () => {
    const { headers } = await ask(open.url, '/auth/x');
    expect(headers).toMatchObject({ ...CLOSED, 'x-frame-options': 'SAMEORIGIN' });
  });

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['gzip;q=1, br;q=0.5', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
  ])('for whoever accepts %s is compressed with %s, and is the same', async (accepted, coding, unpack) => {
    const plain = await ask(open.url, '/graphql', operation(LONG));
    const { headers, body } = await ask(open.url, '/graphql', operation(LONG, { 'accept-encoding': accepted }));
    expect(headers).toMatchObject({ 'content-encoding': coding, 'content-length': String(body.length) });
    expect(headers.vary).toContain('accept-encoding');
    expect(unpack(body)).toEqual(plain.body);
    expect(body.length).toBeLessThan(plain.body.length / 2);
  });

  it.each(['', 'identity', 'zstd', 'br;q=0, gzip;q=0', 'gzip;q=0.2, identity;q=1', 'gzip;q=x'])(
    'for whoever accepts %j is not',
    async (accepted) => {
      const { headers, body } = await ask(open.url, '/graphql', operation(LONG, { 'accept-encoding': accepted }));
      expect([headers['content-encoding'], JSON.parse(body.toString()).data.answer_that_is_long_enough_39]).toEqual([
        undefined,
        'everybody',
      ]);
    },
  );

  it('that is short is not', async () => {
    const { headers } = await ask(open.url, '/graphql', operation('{ open }', { 'accept-encoding': 'br' }));
    expect(headers).not.toHaveProperty('content-encoding');
  });
});

describe('A page of another origin', () => {
  const preflight = (origin: string, host: string, path = '/graphql') =>
    ask(open.url, path, {
      method: 'OPTIONS',
      headers: {
        host,
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });

  it.each(['/graphql', '/auth/login', '/nobody'])('that is listed may ask %s, and read the answer', async (path) => {
    const { status, headers } = await preflight('https://app.test', 'graph.test', path);
    expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([204, 'https://app.test', 'origin']);
    expect(headers['access-control-allow-headers']).toContain('authorization');
    const answer = await ask(open.url, path, operation('{ open }', { origin: 'https://app.test' }));
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.test',
      'access-control-expose-headers': expect.stringContaining('retry-after'),
    });
  });

  it('that is listed for one host may not ask another', async () => {
    expect((await preflight('https://shop-app.test', 'shop.test:8080')).status).toBe(204);
    expect((await preflight('https://shop-app.test', 'graph.test')).status).toBe(403);
  });

  it('that is not listed is told so, and reads no answer', async () => {
    const { status, headers, body } = await preflight('https://evil.test', 'graph.test');
    expect([status, headers['access-control-allow-origin']]).toEqual([403, undefined]);
    expect(body.toString()).toContain('Pages of https://evil.test may not read answers of this host (CORS_ORIGINS).');
    const answer = await ask(open.url, '/graphql', operation('{ open }', { origin: 'https://evil.test' }));
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(answer.headers.vary).toContain('origin'); // no cache gives it what another origin was given
  });

  it('opens a WebSocket where it is listed, or the gateway’s own', async () => {
    const opens = (origin: string, headers = {}) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`${open.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          origin,
          headers,
        });
        socket.on('open', () => (socket.terminate(), resolve(true))).on('error', () => resolve(false));
      });
    expect(await opens('https://app.test')).toBe(true);
    expect(await opens(open.url)).toBe(true);
    expect(await opens('https://shop-app.test', { host: 'shop.test' })).toBe(true);
    for (const origin of ['https://evil.test', 'https://shop-app.test', 'null', `${open.url}1`])
      expect([origin, await opens(origin)]).toEqual([origin, false]);
  });

  it('reads nothing where none is listed', async () => {
    const closed = await testGateway();
    const { headers } = await ask(closed.url, '/graphql', operation('{ open }', { origin: 'https://app.test' }));
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    await closed.close();
  });
});

describe('Where https is required, what comes in the clear', () => {
  it('is led to https where it is a page', async () => {
    const { status, headers } = await ask(secure.url, '/auth/login?next=%2F', { headers: { host: 'Shop.test:8080' } });
    expect([status, headers.location]).toEqual([308, 'https://Shop.test/auth/login?next=%2F']);
  });

  it.each([
    ['/graphql', operation('{ open }')],
    ['/graphql?query={open}', {}],
    ['/auth/login', { method: 'POST', body: '{}' }],
    ['/auth/login', { headers: { host: 'a@b' } }],
  ])('is refused where it may hold a credential, in words: %s', async (path, asked) => {
    const { status, headers, body } = await ask(secure.url, path, asked);
    expect([status, headers.location]).toEqual([403, undefined]);
    const { errors, error = errors[0] } = JSON.parse(body.toString());
    expect(error.message).toBe(
      'Use https: this came in the clear, and whoever passed it on could read the credentials in it.',
    );
  });

  it('opens no WebSocket', async () => {
    const socket = new WebSocket(secure.url.replace('http', 'ws') + '/graphql', 'graphql-transport-ws');
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toContain('403');
  });

  it.each(['/live', '/ready', '/health'])('is answered where it is a probe: %s', async (path) => {
    expect((await ask(secure.url, path)).status).toBe(200);
  });

  it('is not believed to have come by https from anybody but a proxy of ours', async () => {
    const trustsNobody = await testGateway({ httpsRequired: true });
    expect((await ask(trustsNobody.url, '/graphql', operation('{ open }', BY_PROXY))).status).toBe(403);
    await trustsNobody.close();
  });
});

describe('What a proxy of ours received by https', () => {
  it('is answered, and the browser is told to come by nothing else', async () => {
    const { status, headers } = await ask(secure.url, '/graphql', operation('{ open }', BY_PROXY));
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
  });

  it('is for a product what the client asked', async () => {
    const { body } = await ask(secure.url, '/auth/x?y=1', { headers: BY_PROXY });
    expect(JSON.parse(body.toString())).toEqual({ url: 'https://graph.example.com/auth/x?y=1', proto: 'https' });
  });
});

describe('A certificate of our own', () => {
  const folders: string[] = [];
  async function files(cert: string, key: string) {
    const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
    folders.push(folder);
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    await copyFile(new URL(`${cert}.crt`, CERTIFICATES), certFile);
    await copyFile(new URL(`${key}.key`, CERTIFICATES), keyFile);
    return { certFile, keyFile };
  }
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));
  const fingerprint = async (name: string) =>
    createHash('sha256')
      .update(await readFile(new URL(`${name}.crt`, CERTIFICATES)))
      .digest('hex');
  const servedBy = ({ url }: TestGateway) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket: TLSSocket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        const pem = socket.getPeerX509Certificate()!.toString();
        resolve(createHash('sha256').update(pem).digest('hex'));
        socket.destroy();
      }).on('error', reject);
    });

  it('is served with TLS, followed when it is renewed, and kept where what comes is none', async () => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'queueMicrotask', 'performance', 'Date'],
    });
    const certificate = await files('first', 'first');
    const gateway = await testGateway({ certificate, httpsRequired: true, ready: false });
    const { status, headers } = await ask(gateway.url, '/graphql', operation('{ open }'));
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    expect(await servedBy(gateway)).toBe(await fingerprint('first'));

    await copyFile(new URL('renewed.crt', CERTIFICATES), certificate.certFile);
    jest.advanceTimersByTime(60_000); // the key has not come yet
    while (!gateway.logged.join().includes('cannot be used')) await new Promise(setImmediate);
    expect(await servedBy(gateway)).toBe(await fingerprint('first'));

    await copyFile(new URL('renewed.key', CERTIFICATES), certificate.keyFile);
    jest.advanceTimersByTime(60_000);
    while (!gateway.logged.join().includes('A renewed certificate is served.')) await new Promise(setImmediate);
    expect(await servedBy(gateway)).toBe(await fingerprint('renewed'));
    jest.useRealTimers();
    await gateway.close();
  });

  it.each([
    ['a key that is another one’s', () => files('first', 'renewed'), 'cannot be used as a certificate'],
    [
      'no certificate',
      async () => {
        const made = await files('first', 'first');
        await writeFile(made.certFile, 'nothing');
        return made;
      },
      'cannot be used as a certificate',
    ],
    ['no file', async () => ({ certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' }), 'cannot be read (ENOENT)'],
  ])('stops the start in one sentence where it has %s', async (_what, given, sentence) => {
    await expect(testGateway({ certificate: await given() })).rejects.toThrow(sentence);
  });
});
