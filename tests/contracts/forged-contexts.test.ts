import { createHmac, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_TYPE, contextClaims, CONTEXT_HEADER } from '@inevitable/contract';
import { contextVerifier, hostSubgraph, serveSubgraph, type ServedSubgraph } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';

// A subgraph in a process of its own, called by somebody who is not the gateway.

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const log = pino({ level: 'silent' });
const gateway = newKey();
/** A second gateway, for as long as it is published. */
const other = newKey();
const stranger = newKey();
const PUBLISHED = { gateway: gateway.publicKey, other: other.publicKey };

let product: TestSubgraph;
let keys: Server;
let served: ServedSubgraph;
let published: Readonly<Record<string, KeyObject>> = PUBLISHED;
let asked = 0;
beforeAll(async () => {
  product = await testSubgraph(starter);
  keys = createServer((_request, response) => {
    asked++;
    const jwks = Object.entries(published).map(([kid, key]) => ({ ...key.export({ format: 'jwk' }), kid }));
    response.end(JSON.stringify({ keys: jwks }));
  });
  await new Promise<void>((resolve) => keys.listen(0, '127.0.0.1', resolve));
  const { port } = keys.address() as AddressInfo;
  const hosted = hostSubgraph(starter, {
    database: product.database,
    entitlements: {} as never,
    events: product.events,
    log,
  });
  const verifyContext = contextVerifier('starter', `http://127.0.0.1:${port}/keys`);
  served = await serveSubgraph(hosted, { host: '127.0.0.1', port: 0, checks: {}, log, verifyContext });
});
afterAll(async () => {
  await served.close();
  await new Promise((resolve) => keys.close(resolve));
  await product.close();
});
afterEach(() => void jest.restoreAllMocks());

const seconds = () => Math.floor(Date.now() / 1_000);
/** What a gateway says of somebody of a tenant, unless told otherwise. */
const claims = (changes: object = {}) => ({
  ...contextClaims(product.as({ tenant: 'acme' }).context, 'starter', seconds()),
  ...changes,
});
interface Forgery {
  readonly claims?: object;
  readonly header?: object;
  readonly key?: KeyObject;
}
const signed = ({ claims: said = {}, header = {}, key = gateway.privateKey }: Forgery = {}): string =>
  jwt.sign(JSON.stringify(claims(said)), key, {
    algorithm: 'ES256',
    header: { alg: 'ES256', typ: 'ctx+jwt', kid: 'gateway', ...header },
  });
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function ask(headers: Record<string, string>, query = '{ __typename }') {
  const response = await fetch(`${served.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: (await response.json()) as unknown };
}
const present = (token: string) => ask({ [CONTEXT_HEADER]: token });
const REFUSED = {
  status: 401,
  body: { errors: [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }] },
};
const ANSWERED = { status: 200, body: { data: { __typename: 'Query' } } };

describe('A subgraph that is called directly', () => {
  it('answers to the word of a gateway that identity knows', async () => {
    expect(await present(signed())).toEqual(ANSWERED);
  });

  it('refuses who has no context, whatever else they send', async () => {
    const access = jwt.sign({ aud: ACCESS_TOKEN_AUDIENCE, sub: randomUUID() }, gateway.privateKey, {
      algorithm: 'ES256',
      header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: 'gateway' },
    });
    const attempts: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${access}` },
      { authorization: `Bearer ${signed()}` },
      { cookie: `${CONTEXT_HEADER}=${signed()}` },
      { 'x-inevitable-tenant': 'acme', 'x-inevitable-user': randomUUID() },
      { [CONTEXT_HEADER]: '' },
      { [CONTEXT_HEADER]: '{}' },
      { [CONTEXT_HEADER]: 'null' },
      { [CONTEXT_HEADER]: `Bearer ${signed()}` },
      { [CONTEXT_HEADER]: `${signed()},${signed()}` },
    ];
    for (const headers of attempts)
      for (const query of [
        '{ __typename }',
        '{ _service { sdl } }',
        '{ _entities(representations: []) { __typename } }',
      ])
        expect({ headers, ...(await ask(headers, query)) }).toEqual({ headers, ...REFUSED });
  });

  it.each<[string, () => Forgery]>([
    ['for another subgraph', () => ({ claims: { aud: 'platformforge' } })],
    ['for several subgraphs', () => ({ claims: { aud: ['starter', 'platformforge'] } })],
    ['for no subgraph', () => ({ claims: { aud: undefined } })],
    ['in another spelling of its name', () => ({ claims: { aud: 'Starter' } })],
    ['of another issuer', () => ({ claims: { iss: 'http://identity.test' } })],
    ['that ended', () => ({ claims: { iat: seconds() - 66, exp: seconds() - 6 } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['with a lifetime longer than a minute', () => ({ claims: { exp: seconds() + 3_600 } })],
    ['dated ahead', () => ({ claims: { iat: seconds() + 3_600, exp: seconds() + 3_660 } })],
    ['that may not be used yet', () => ({ claims: { nbf: seconds() + 3_600 } })],
    ["with somebody else's signature", () => ({ key: stranger.privateKey })],
    ['with the signature of another gateway', () => ({ key: other.privateKey })],
    ['of a key that identity does not know', () => ({ header: { kid: 'stranger' }, key: stranger.privateKey })],
    ['of a key id that every object has', () => ({ header: { kid: '__proto__' } })],
    ['of a key id that is a list', () => ({ header: { kid: ['gateway'] } })],
    ['without a key id', () => ({ header: { kid: undefined } })],
    [
      'whose key is in its header',
      () => ({ header: { jwk: stranger.publicKey.export({ format: 'jwk' }) }, key: stranger.privateKey }),
    ],
    ['of a caller who is none', () => ({ claims: { knd: 'god' } })],
    ['with a tenant that is no id', () => ({ claims: { tid: 'acme' } })],
    ['that is an access token', () => ({ header: { typ: ACCESS_TOKEN_TYPE } })],
    ['that is an id token', () => ({ header: { typ: 'JWT' } })],
    ['without a type', () => ({ header: { typ: undefined } })],
  ])('refuses a context %s', async (_what, forgery) => {
    expect(await present(signed(forgery()))).toEqual(REFUSED);
  });

  it('refuses a context without a signature, or signed with the public key as a secret', async () => {
    const [head, body, signature] = signed().split('.') as [string, string, string];
    const none = encoded({ alg: 'none', typ: 'ctx+jwt', kid: 'gateway' });
    const hs = `${encoded({ alg: 'HS256', typ: 'ctx+jwt', kid: 'gateway' })}.${body}`;
    const secrets = [
      gateway.publicKey.export({ format: 'pem', type: 'spki' }),
      gateway.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(gateway.publicKey.export({ format: 'jwk' })),
    ];
    const attempts = [
      ...[`${none}.${body}.`, `${none}.${body}`, `${none}.${body}.${signature}`, `${head}.${body}.`, `${head}.${body}`],
      `${head}.${encoded(claims({ knd: 'platformAdmin' }))}.${signature}`,
      ...secrets.map((secret) => `${hs}.${createHmac('sha256', secret).update(hs).digest('base64url')}`),
    ];
    for (const token of attempts) expect(await present(token)).toEqual(REFUSED);
  });

  it('asks identity for its keys at most once a second, however many are made up', async () => {
    const before = asked;
    const start = Date.now();
    const clock = jest.spyOn(Date, 'now');
    for (const ms of [2_000, 2_900, 3_900]) {
      clock.mockReturnValue(start + ms);
      const made = Array.from({ length: 50 }, () => signed({ header: { kid: randomUUID() } }));
      for (const answer of await Promise.all(made.map(present))) expect(answer).toEqual(REFUSED);
    }
    expect(asked - before).toBe(2);
  });

  it('believes a gateway no more a minute after identity stopped publishing its key', async () => {
    const start = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(start + 10_000);
    const ofOther = () => signed({ header: { kid: 'other' }, key: other.privateKey });
    expect(await present(ofOther())).toEqual(ANSWERED);
    published = { gateway: gateway.publicKey };
    clock.mockReturnValue(start + 75_000);
    expect(await present(ofOther())).toEqual(REFUSED);
    expect(await present(signed())).toEqual(ANSWERED);
  });
});
