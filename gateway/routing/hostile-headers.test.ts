import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { product, testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { TestIdentity } from '../test-support/test-identity.js';

const products = [
  product('notes', { hosts: ['notes.example.com'] }),
  product('accounts', { pathPrefixes: ['/auth'], authRequired: false }),
];
const WHO = '{ __typename }';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await testGateway({ products });
});
afterAll(() => gateway.close());

/** As the bytes are, which no HTTP client would send; answers the status and the whole rest. */
async function raw(headers: Buffer, { path = '/graphql', to = gateway } = {}) {
  const { hostname, port } = new URL(to.url);
  const body = JSON.stringify({ query: WHO });
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined); // it may be closed on us while we still write
  socket.write(`POST ${path} HTTP/1.1\r\n`);
  socket.write(headers);
  socket.write(
    `\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  const answer = await text(socket);
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]), answer };
}
const withHeaders = (headers: Readonly<Record<string, string>>, path?: string) => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return raw(Buffer.from(lines.join('\r\n')), path === undefined ? {} : { path });
};

describe('A Host header', () => {
  const HOSTS = ['evil.test', 'identity.test', 'notes.example.com', 'localhost:1', '[::1]', 'EVIL.test', '127.0.0.1'];
  const pretending = (host: string) => ({
    'x-forwarded-host': host,
    forwarded: `host=${host};proto=https`,
    'x-original-host': host,
    'x-host': host,
    'x-forwarded-proto': 'https',
  });

  it('makes no token hold that another issuer signed, and breaks none of ours', async () => {
    const ours = gateway.identity.accessToken();
    for (const host of HOSTS) {
      const sent = { host, ...pretending(host) };
      expect(await withHeaders({ ...sent, authorization: `Bearer ${ours}` })).toMatchObject({ status: 200 });
      for (const iss of [`http://${host}`, `https://${host}`, host]) {
        if (iss === 'http://identity.test') continue; // that is the issuer
        const theirs = gateway.identity.accessToken({ claims: { iss } });
        expect(await withHeaders({ ...sent, authorization: `Bearer ${theirs}` })).toMatchObject({ status: 401 });
      }
    }
  });

  it('leads to no other product than the path does', async () => {
    const authorization = `Bearer ${gateway.identity.accessToken()}`;
    for (const host of HOSTS) {
      const sent = { host, ...pretending('notes.example.com'), authorization };
      expect((await withHeaders(sent, '/notes/x')).answer).toContain('"product":"notes"');
      expect((await withHeaders(sent, '/auth/x')).answer).toContain('"product":"accounts"');
      const { status, answer } = await withHeaders(sent, '/elsewhere');
      // Only the host itself may name a product, whatever a proxy is said to have been asked for.
      expect([status, answer.includes('"product":"notes"')]).toEqual(
        host === 'notes.example.com' ? [200, true] : [404, false],
      );
    }
  });

  it('may be there once', async () => {
    const path = '/notes';
    expect((await raw(Buffer.from('host: a\r\nhost: notes.example.com'), { path })).status).toBe(400);
    expect((await raw(Buffer.from('host: notes.example.com\r\nHOST: a'), { path })).status).toBe(400);
    expect((await raw(Buffer.from('x: y'), { path })).status).toBe(400);
    expect((await raw(Buffer.from('host: a'), { path })).status).toBe(401);
  });
});

describe('An Authorization header of any bytes', () => {
  it('is answered with 401 where it is HTTP, with 400 or 431 where it is not, and never with data', async () => {
    const [head, payload, signature] = gateway.identity.accessToken().split('.') as [string, string, string];
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(
          fc.constantFrom('Bearer ', 'Bearer', 'bearer\t', 'Basic ', 'DPoP ', 'Bearer Bearer ', ''),
          fc.array(fc.oneof(fc.constantFrom(head, payload, signature), fc.string({ unit: 'binary', maxLength: 20 }))),
          fc.constantFrom('.', '..', ' ', ',', '\u0000', '\r\n', '\n', '='),
        )
        .map(([scheme, parts, between]) => Buffer.from(scheme + parts.join(between))),
      fc.integer({ min: 1, max: 20_000 }).map((length) => Buffer.from(`Bearer ${'a'.repeat(length)}`)),
    );
    await fc.assert(
      fc.asyncProperty(soup, async (bytes) => {
        fc.pre(!bytes.includes(`${head}.${payload}.${signature}`));
        const { status, answer } = await raw(Buffer.concat([Buffer.from('host: a\r\nauthorization: '), bytes]));
        expect([400, 401, 431]).toContain(status);
        expect(answer).not.toContain('"data"');
      }),
      { numRuns: 60 },
    );
  });
});

describe('A gateway that cannot load what tokens are verified with', () => {
  it.each<[string, (identity: TestIdentity) => void]>([
    ['because identity is gone', (identity) => identity.takeDown('identity is gone')],
    [
      'because a key is none',
      (identity) => (identity.keys = [{ ...identity.keys[0]!, jwk: { ...identity.keys[0]!.jwk, x: 'AA' } }]),
    ],
    ['because there is no issuer', (identity) => (identity.issuer = '')],
  ])('%s answers 503 to every token, and takes nobody for nobody in particular', async (_why, spoil) => {
    const identityUsed = new TestIdentity();
    const token = identityUsed.accessToken();
    const forAnybody = identityUsed.accessToken({ claims: { iss: undefined } });
    spoil(identityUsed);
    const closed = await testGateway({ products, identityUsed, ready: false });
    for (const bearer of [token, forAnybody, 'a.b.c']) {
      const { status, body } = await closed.query(WHO, { token: bearer });
      expect(body.data).toBeUndefined();
      // What is no token at all need not be asked about.
      expect([status, body.errors[0].extensions.code]).toEqual(
        bearer === 'a.b.c' ? [401, 'UNAUTHENTICATED'] : [503, 'SUBGRAPH_UNREACHABLE'],
      );
    }
    expect((await closed.get('/notes', { headers: { authorization: `Bearer ${token}` } })).status).toBe(503);
    expect((await closed.get('/ready')).status).toBe(503);
    await closed.close();
  });
});
