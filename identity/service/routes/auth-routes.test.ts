import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TooManySignIns } from '../passwords/passwords.js';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { authRoutes } from './auth-routes.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const password = DEMO_PASSWORD;

describe('A request to sign in', () => {
  it.each([
    ['broken JSON', '{"email":', 'The body is not JSON.'],
    ['an empty body', '', 'The body is not JSON.'],
    ['JSON that is no object', '[1]', '"body" must be of type object.'],
    ['no login', { password }, '"email" must be given, or "username" instead, and not both.'],
    [
      'two logins',
      { email: 'ada@acme.test', username: 'ada', password },
      '"email" must be given, or "username" instead, and not both.',
    ],
    ['no password', { email: 'ada@acme.test' }, '"password" is missing.'],
    ['a password that is no text', { email: 'ada@acme.test', password: 1 }, '"password" must be of type string.'],
    [
      'a password above 4 KiB',
      { email: 'ada@acme.test', password: 'x'.repeat(4_097) },
      '"password" must have at most 4096 bytes.',
    ],
    ['a NUL', { email: 'ada\0@acme.test', password }, '"email" must not contain the NUL character.'],
    ['an unknown field', { email: 'ada@acme.test', password, admin: true }, '"admin" is not a field of this request.'],
    [
      'a body above 64 KiB',
      { email: 'ada@acme.test', password, tenant: 'x'.repeat(70_000) },
      'The body is larger than 65536 bytes.',
    ],
  ])('with %s is told so', async (_case, body, message) => {
    expect(await test.post('/auth/login', body)).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message } },
    });
  });

  it('is asked to come back when the machine has too much to do', async () => {
    const passwords = { ...test.flows.passwords, verify: () => Promise.reject(new TooManySignIns()) };
    const busy = authRoutes({ flows: { ...test.flows, passwords } } as never);
    const body = JSON.stringify({ email: 'ada@acme.test', password });
    const response = await busy['POST /auth/login'](
      new Request('http://stack.test', { method: 'POST', body }),
      anonymous as never,
      {},
    );
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await response.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
  });
});

describe('Whoever verifies tokens', () => {
  it('finds the keys at the address the configuration names', async () => {
    const configuration = await test.get('/.well-known/openid-configuration');
    expect(configuration).toMatchObject({
      issuer: test.identity.issuer,
      jwks_uri: 'http://127.0.0.1:8080/.well-known/jwks.json',
      response_types_supported: [],
      id_token_signing_alg_values_supported: ['ES256'],
      subject_types_supported: ['public'],
    });
    const { keys } = await test.get('/.well-known/jwks.json');
    const key = {
      kid: expect.any(String),
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String),
      y: expect.any(String),
      alg: 'ES256',
      use: 'sig',
    };
    expect(keys).toEqual([key, key]); // the current one, and the next before it signs
  });

  it('finds every door of signing in there', async () => {
    const configuration = Object.entries(await test.get('/.well-known/openid-configuration'));
    const doors = configuration.filter(([name]) => name.startsWith('auth_'));
    expect(doors).toEqual(
      expect.arrayContaining(
        ['register', 'verify-email', 'login', 'refresh', 'logout', 'reset-password'].map((name) => [
          `auth_${name.replace('-', '_')}_endpoint`,
          `http://127.0.0.1:8080/auth/${name}`,
        ]),
      ),
    );
    for (const [, url] of doors) expect((await test.post(new URL(url as string).pathname, 'no JSON')).status).toBe(400);
  });

  it('finds the same there whatever host was asked', async () => {
    const { subgraph } = test;
    const ask = async (url: string, headers: Record<string, string> = {}) =>
      (await subgraph.fetch(new Request(url, { headers }), anonymous)).text();
    const path = '/.well-known/openid-configuration';
    const asked = await ask(`http://127.0.0.1:8080${path}`);
    expect(asked).not.toContain('evil');
    expect(
      await ask(`https://evil.test:1${path}`, { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test' }),
    ).toBe(asked);
  });

  it("finds a gateway's context key while it is registered", async () => {
    const key = { ...(await test.get('/.well-known/jwks.json')).keys[0]!, kid: 'gateway-1' };
    const { registerContextKey } = test.identity.ports.verification;
    await registerContextKey(key, 600);
    await registerContextKey(key, 600);
    expect(await test.get('/.well-known/context-jwks.json')).toEqual({ keys: [key] });
    await expect(registerContextKey({ ...key, x: key.y }, 600)).rejects.toMatchObject({ code: 'CONFLICT' });
    await test.advance('11 minutes');
    expect(await test.get('/.well-known/context-jwks.json')).toEqual({ keys: [] });
  });
});
