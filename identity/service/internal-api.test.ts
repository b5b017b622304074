import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  apiKeySecretHash,
  BadUserInput,
  identityClient,
  parseApiKey,
  parseTenantId,
  PeerFailed,
  serviceAssertions,
  type IdentityPorts,
  type ServiceCredential,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { newServiceCredential, openTestIdentity, type TestIdentity } from './testing/open-test-identity.js';
import { serveInternalApi, type ServedInternalApi } from './testing/serve-internal-api.js';

let test: TestIdentity;
let served: ServedInternalApi;
let url: string;
beforeAll(async () => {
  test = await openTestIdentity();
  served = await serveInternalApi(test.identity);
  url = served.url;
});
afterAll(async () => {
  await served.close();
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
      (ports) => ports.entitlements.usage(acme, 'starter.notes'),
      (ports) => ports.entitlements.usage(parseTenantId(newId()), 'starter.notes'),
      (ports) => ports.entitlements.reservations({ tenantId: acme, feature: 'starter.notes', after: null }),
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

  it('tell a gateway, and no other service, whether an API key holds, over HTTP as in one process', async () => {
    const created = await test.ask(
      'mutation { createApiKey(input: { name: "ci", scopes: ["starter:notes:read"], allowedIps: ["10.0.0.0/8"] }) { key } }',
      await test.as('ada'),
    );
    const { id, secret } = parseApiKey(created.data.createApiKey.key)!;
    const presented = { id, secretHash: apiKeySecretHash(secret), address: '10.0.0.1' };
    const far = identityClient(url, test.gateway).apiKeys;
    const near = await test.identity.ports.apiKeys.verify(presented);
    expect(near).toMatchObject({ kind: 'holds', key: { id, may: ['starter:notes:read'], allowedIps: ['10.0.0.0/8'] } });
    expect(await far.verify(presented)).toEqual(near);
    expect(await far.verify({ ...presented, secretHash: apiKeySecretHash('guess') })).toEqual({ kind: 'refused' });
    await expect(identityClient(url, test.product).apiKeys.verify(presented)).rejects.toThrow('403');
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

describe('A failure', () => {
  it('that the question is to blame for is the same over HTTP as in one process', async () => {
    const acme = await test.tenantId('acme');
    const ids = Array.from({ length: 501 }, newId);
    const ask = (ports: IdentityPorts) =>
      ports.entitlements.reservations({ tenantId: acme, feature: 'starter.notes', ids, after: null });
    const refused = { constructor: BadUserInput, details: { field: 'ids' } };
    await expect(ask(test.identity.ports)).rejects.toMatchObject(refused);
    await expect(ask(identityClient(url, test.product))).rejects.toMatchObject(refused);
  });

  it.each<[string, number, string]>([
    ['another code', 404, '{"error":{"code":"NOT_FOUND","message":"No such operation."}}'],
    ['no code', 400, '{"error":{}}'],
    ['no JSON', 502, '<html>'],
    ['nothing', 400, ''],
  ])('of the services, answered with %s, is nothing a caller hears of', async (_case, status, body) => {
    const broken = await serveInternalApi({ internalApi: async () => new Response(body, { status }) });
    await expect(identityClient(broken.url, test.product).tenants.active(null)).rejects.toMatchObject({
      constructor: PeerFailed,
      message: `Identity refused ${broken.url}/internal/v1/active-tenants with ${status}: ${body}`,
    });
    await broken.close();
  });
});

describe('A service assertion', () => {
  const claimsFor = (aud: string) => ({ iss: 'gateway', sub: 'gateway', aud });
  const sign = (payload: object, typ = 'svc+jwt', keyid = test.gateway.kid, seconds = 60) => {
    const now = Math.floor(Date.now() / 1_000);
    const key = createPrivateKey({ key: test.gateway.privateKey, format: 'jwk' });
    return jwt.sign({ iat: now, exp: now + seconds, ...payload }, key, {
      algorithm: 'ES256',
      keyid,
      header: { alg: 'ES256', typ },
    });
  };
  /** As the service "starter" asks it of identity. */
  const verified = (assertion: string, audience = 'starter') =>
    identityClient(url, test.product).services.verify(assertion, audience);

  it('holds when everything about it is right, 30 seconds of clock difference included', async () => {
    for (const seconds of [60, -20]) {
      const assertion = sign(claimsFor('identity'), 'svc+jwt', test.gateway.kid, seconds);
      expect((await call(`Bearer ${assertion}`)).status).toBe(200);
    }
  });

  it('tells the service that it was made for who made it, 30 seconds of clock difference included', async () => {
    expect(await verified(sign(claimsFor('starter')))).toBe('gateway');
    expect(await verified(sign(claimsFor('starter'), 'svc+jwt', test.gateway.kid, -20))).toBe('gateway');
    expect(await verified(serviceAssertions(test.product, 'starter')())).toBe('starter');
  });

  it('is verified for nobody but the service that it was made for', async () => {
    const body = JSON.stringify({ assertion: sign(claimsFor('identity')), audience: 'identity' });
    expect(await call(bearer(test.product), 'verify-assertion', body)).toEqual({
      status: 403,
      body: { error: { code: 'FORBIDDEN', message: 'You may not do this.' } },
    });
    expect(await call('', 'verify-assertion', body)).toMatchObject({ status: 401 });
  });

  it('of more than 4,096 characters is not looked at', async () => {
    await expect(verified('x'.repeat(4_097))).rejects.toMatchObject({
      constructor: BadUserInput,
      details: { field: 'assertion' },
    });
  });

  it.each<[string, (audience: string) => string]>([
    ['not a token', () => 'nonsense'],
    ['unsigned', (aud) => jwt.sign(claimsFor(aud), '', { algorithm: 'none', keyid: test.gateway.kid })],
    [
      'unsigned, and says the right type',
      (aud) => {
        const [, payload] = sign(claimsFor(aud)).split('.');
        const header = JSON.stringify({ alg: 'none', typ: 'svc+jwt', kid: test.gateway.kid });
        return `${Buffer.from(header).toString('base64url')}.${payload}.`;
      },
    ],
    [
      'signed with our public key as a secret',
      (aud) =>
        jwt.sign(claimsFor(aud), JSON.stringify(test.gateway.privateKey.x), {
          keyid: test.gateway.kid,
          header: { alg: 'HS256', typ: 'svc+jwt' },
        }),
    ],
    [
      "signed with a stranger's key under a known id",
      (aud) => serviceAssertions({ ...newServiceCredential('gateway'), kid: test.gateway.kid }, aud)(),
    ],
    ['of an unknown key', (aud) => sign(claimsFor(aud), 'svc+jwt', '__proto__')],
    ['for another callee', () => serviceAssertions(test.gateway, 'operations')()],
    ["in another service's name", (aud) => sign({ ...claimsFor(aud), iss: 'starter', sub: 'starter' })],
    ['of another type', (aud) => sign(claimsFor(aud), 'at+jwt')],
    ['expired', (aud) => sign(claimsFor(aud), 'svc+jwt', test.gateway.kid, -40)],
    [
      'dated ahead, by more than clocks differ',
      (aud) => sign({ ...claimsFor(aud), iat: Math.floor(Date.now() / 1_000) + 40 }),
    ],
    [
      'changed after it was signed',
      (aud) => sign(claimsFor(aud)).replace(/.(?=\.[^.]*$)/, (c) => (c === 'A' ? 'B' : 'A')),
    ],
    [
      'good for ever',
      (aud) =>
        jwt.sign(claimsFor(aud), createPrivateKey({ key: test.gateway.privateKey, format: 'jwk' }), {
          algorithm: 'ES256',
          keyid: test.gateway.kid,
          header: { alg: 'ES256', typ: 'svc+jwt' },
        }),
    ],
  ])('that is %s proves nothing, to identity and to whom it was made for', async (_case, make) => {
    const refused = { status: 401, body: { error: { code: 'UNAUTHENTICATED' } } };
    expect(await call(`Bearer ${make('identity')}`)).toMatchObject(refused);
    expect(await verified(make('starter'))).toBe(null);
  });

  it('that is missing is refused', async () => {
    expect(await call('')).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } });
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

  const tenantId = '01900000-0000-7000-8000-000000000000';
  const settle = { tenantId, reservationId: tenantId };
  const ledger = { tenantId, feature: 'starter.notes', after: null };
  it.each<[string, string, object, string]>([
    ['verify-assertion', 'assertion', { assertion: '', audience: 'starter' }, 'Too small'],
    ['verify-assertion', 'assertion', { assertion: ['a'], audience: 'starter' }, 'must be of type string'],
    ['verify-assertion', 'audience', { assertion: 'a' }, 'is missing'],
    ['verify-api-key', 'secretHash', { id: tenantId, secretHash: 'the secret itself', address: null }, 'SHA-256'],
    ['verify-api-key', 'id', { id: 'ick_', secretHash: 'A'.repeat(43), address: null }, 'Invalid UUID'],
    ['verify-api-key', 'address', { id: tenantId, secretHash: 'A'.repeat(43) }, 'is missing'],
    ['reserve', 'amount', { tenantId, feature: 'starter.notes', amount: 0, idempotencyKey: 'k' }, 'Too small'],
    ['reserve', 'amount', { tenantId, feature: 'starter.notes', amount: 2 ** 60, idempotencyKey: 'k' }, 'Too big'],
    ['reserve', 'amount', { tenantId, feature: 'starter.notes', amount: 1.5, idempotencyKey: 'k' }, 'must be of type'],
    ['reserve', 'feature', { tenantId, feature: '', amount: 1, idempotencyKey: 'k' }, 'Too small'],
    ['reserve', 'idempotencyKey', { tenantId, feature: 'x', amount: 1, idempotencyKey: 'k'.repeat(201) }, 'Too big'],
    ['commit', 'actual', { ...settle, actual: -1 }, 'Too small'],
    ['commit', 'actual', settle, 'is missing'],
    ['release', 'reservationId', { tenantId, reservationId: "' or true" }, 'Invalid UUID'],
    ['usage', 'tenantId', { feature: 'starter.notes' }, 'is missing'],
    ['usage', 'feature', { tenantId }, 'is missing'],
    ['usage', 'feature', { tenantId, feature: 'x'.repeat(201) }, 'Too big'],
    ['usage', 'feature', { tenantId, feature: ['starter.notes'] }, 'must be of type string'],
    ['reservations', 'after', { ...ledger, after: undefined }, 'is missing'],
    ['reservations', 'after', { ...ledger, after: '1' }, 'Invalid UUID'],
    ['reservations', 'state', { ...ledger, state: 'open' }, 'Invalid option'],
    ['reservations', 'state', { ...ledger, state: null }, 'Invalid option'],
    ['reservations', 'ids', { ...ledger, ids: tenantId }, 'must be of type array'],
    ['reservations', 'ids.1', { ...ledger, ids: [tenantId, 'acme'] }, 'Invalid UUID'],
    ['reservations', 'ids', { ...ledger, ids: Array.from({ length: 501 }, () => tenantId) }, 'Too big'],
    ['reservations', 'body', { ...ledger, ids: Array.from({ length: 5_000 }, () => tenantId) }, 'larger than'],
  ])('refuses %s with a bad %s, and names it', async (operation, field, body, why) => {
    expect(await call(bearer(test.product), operation, JSON.stringify(body))).toEqual({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: expect.stringContaining(why), field } },
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
