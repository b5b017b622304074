import { createPrivateKey } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  identityClient,
  parseTenantId,
  serviceAssertions,
  type IdentityPorts,
  type ServiceCredential,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { newServiceCredential, openTestIdentity, type TestIdentity } from './testing/open-test-identity.js';

let test: TestIdentity;
let server: Server;
let url: string;
beforeAll(async () => {
  test = await openTestIdentity();
  server = createServer(async (incoming, outgoing) => {
    const request = new Request(`http://identity.test${incoming.url}`, {
      method: 'POST',
      headers: { authorization: incoming.headers.authorization ?? '' },
      body: await text(incoming),
    });
    const response = await test.identity.internalApi(request);
    outgoing.writeHead(response.status).end(await response.text());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await test.close();
});

const call = async (bearer: string, operation = 'verification-settings', body = '{}') => {
  const headers = { authorization: bearer };
  const response = await test.identity.internalApi(
    new Request(`http://identity.test/internal/v1/${operation}`, { method: 'POST', headers, body }),
  );
  return { status: response.status, body: await response.json() };
};
const bearer = (credential: ServiceCredential, audience = 'identity') =>
  `Bearer ${serviceAssertions(credential, audience)()}`;

describe("Identity's ports", () => {
  const { signal } = new AbortController();

  it('answer over HTTP as they do in one process', async () => {
    const near: IdentityPorts = test.identity.ports;
    const far = identityClient(url, test.gateway);
    const acme = await test.tenantId('acme');
    const request = { tenantId: acme, feature: 'starter.notes', amount: 2, idempotencyKey: newId() };
    const asks: ((ports: IdentityPorts) => Promise<unknown>)[] = [
      (ports) => ports.verification.settings(),
      (ports) => ports.revocations.since(0, 0, signal),
      (ports) => ports.tenants.find(acme),
      (ports) => ports.tenants.find(parseTenantId(newId())),
      (ports) => ports.tenants.active(null),
      (ports) => ports.tenants.active(acme),
      (ports) => ports.entitlements.describe(acme),
      (ports) => ports.entitlements.reserve(request),
      (ports) => ports.entitlements.commit(acme, newId(), 1),
      (ports) => ports.entitlements.release(acme, newId()),
    ];
    for (const ask of asks) expect(await ask(far)).toEqual(await ask(near));
    const reserved = await far.entitlements.reserve(request);
    expect(reserved.kind === 'reserved' && (await far.entitlements.commit(acme, reserved.reservationId, 1))).toBe(true);
  });

  it('tell any service which tenants are active', async () => {
    const acme = await test.tenantId('acme');
    const active = await identityClient(url, test.product).tenants.active(null);
    expect(active).toEqual(expect.arrayContaining([acme, await test.tenantId('globex')]));
    expect(await call(bearer(test.product), 'active-tenants', '{"after": "acme"}')).toMatchObject({ status: 400 });
    expect(await call('', 'active-tenants', '{"after": null}')).toMatchObject({ status: 401 });
  });

  it('let a gateway, and no other service, speak for callers', async () => {
    const { keys } = await test.identity.ports.verification.settings();
    const key = { ...keys[0]!, kid: 'gateway-2' };
    await identityClient(url, test.gateway).verification.registerContextKey(key, 60);
    await expect(
      identityClient(url, test.product).verification.registerContextKey({ ...key, kid: 'forged' }, 60),
    ).rejects.toThrow('403');
    expect(await test.get('/.well-known/context-jwks.json')).toEqual({ keys: [key] });
  });
});

describe('A service assertion', () => {
  const claims = { iss: 'gateway', sub: 'gateway', aud: 'identity' };
  const sign = (payload: object, typ = 'svc+jwt', keyid = test.gateway.kid, seconds = 60) => {
    const now = Math.floor(Date.now() / 1_000);
    const key = createPrivateKey({ key: test.gateway.privateKey, format: 'jwk' });
    return `Bearer ${jwt.sign({ iat: now, exp: now + seconds, ...payload }, key, { algorithm: 'ES256', keyid, header: { alg: 'ES256', typ } })}`;
  };

  it('holds when everything about it is right, 30 seconds of clock difference included', async () => {
    expect((await call(sign(claims))).status).toBe(200);
    expect((await call(sign(claims, 'svc+jwt', test.gateway.kid, -20))).status).toBe(200);
  });

  it.each<[string, () => string]>([
    ['missing', () => ''],
    ['not a token', () => 'Bearer nonsense'],
    ['unsigned', () => `Bearer ${jwt.sign(claims, '', { algorithm: 'none', keyid: test.gateway.kid })}`],
    [
      'signed with our public key as a secret',
      () =>
        `Bearer ${jwt.sign(claims, JSON.stringify(test.gateway.privateKey.x), { keyid: test.gateway.kid, header: { alg: 'HS256', typ: 'svc+jwt' } })}`,
    ],
    [
      "signed with a stranger's key under a known id",
      () => bearer({ ...newServiceCredential('gateway'), kid: test.gateway.kid }),
    ],
    ['of an unknown key', () => sign(claims, 'svc+jwt', '__proto__')],
    ['for another callee', () => bearer(test.gateway, 'operations')],
    ["in another service's name", () => sign({ ...claims, iss: 'starter', sub: 'starter' })],
    ['of another type', () => sign(claims, 'at+jwt')],
    ['expired', () => sign(claims, 'svc+jwt', test.gateway.kid, -40)],
    [
      'good for ever',
      () =>
        `Bearer ${jwt.sign(claims, createPrivateKey({ key: test.gateway.privateKey, format: 'jwk' }), { algorithm: 'ES256', keyid: test.gateway.kid, header: { alg: 'ES256', typ: 'svc+jwt' } })}`,
    ],
  ])('that is %s is refused', async (_case, make) => {
    expect(await call(make())).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } });
  });
});

describe('The internal API', () => {
  it('names what is wrong with a request', async () => {
    const service = bearer(test.product);
    expect(await call(service, 'toString')).toMatchObject({ status: 404 });
    expect(await call(service, 'find-tenant', '{"tenantId": "acme"}')).toMatchObject({
      status: 400,
      body: { error: { message: '"tenantId" Invalid UUID.' } },
    });
    expect(await call(service, 'find-tenant', '{')).toMatchObject({ status: 400 });
    expect(await call(service, 'describe-entitlements', JSON.stringify({ tenantId: newId() }))).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    });
  });

  it('hides what fails on our side', async () => {
    await test.rows('alter table tenants rename to gone');
    const answer = await call(bearer(test.product), 'find-tenant', JSON.stringify({ tenantId: newId() }));
    await test.rows('alter table gone rename to tenants');
    expect(answer).toEqual({
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'Something failed on our side.' } },
    });
  });
});
