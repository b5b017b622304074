import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
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

let product: TestSubgraph;
let hosted: HostedSubgraph;
const served: ServedSubgraph[] = [];
const log = pino({ level: 'silent' });

beforeAll(async () => {
  product = await testSubgraph(starter);
  hosted = hostSubgraph(starter, { database: product.database, entitlements: {} as never, events: null, log });
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
