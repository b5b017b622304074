import { createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { DEMO_PASSWORD, until, type TestStack } from '../support/test-stack.js';

export function describeSignIn(running: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = running();
  });

  const login = (body: object) => stack.post('/auth/login', body);
  const tokensIn = (text: string) =>
    JSON.parse(text) as { accessToken: string; refreshToken?: string; tokenType: string; expiresIn: number };

  describe('Signing in', () => {
    it.each([
      ['by e-mail', { email: 'ada@acme.test' }],
      ['by e-mail in another spelling', { email: '  ADA@Acme.TEST ' }],
      ['by user name', { username: 'ada' }],
      ['with the tenant named', { email: 'ada@acme.test', tenant: 'acme' }],
    ])('works %s', async (_how, who) => {
      const { status, text, headers } = await login({ ...who, password: DEMO_PASSWORD });
      expect(status).toBe(200);
      expect(tokensIn(text)).toEqual({
        accessToken: expect.any(String),
        refreshToken: expect.any(String),
        tokenType: 'Bearer',
        expiresIn: 900,
      });
      expect(headers.get('cache-control')).toBe('no-store');
    });

    it('knows a browser again by a cookie that it alone is sent', async () => {
      const body = { email: 'bob@acme.test', password: DEMO_PASSWORD };
      const cookieOf = ({ headers }: { headers: Headers }) => headers.getSetCookie()[0]!.split(';')[0]!;
      const first = await login(body);
      expect(first.headers.getSetCookie()).toEqual([expect.stringMatching(/; HttpOnly; SameSite=Strict$/)]);
      const again = await stack.post('/auth/login', body, { cookie: cookieOf(first) });
      expect(cookieOf(again)).toBe(cookieOf(first));
      expect(cookieOf(await login(body))).not.toBe(cookieOf(first));
    });

    it('answers the same for a wrong password, an unknown user and a tenant that is not theirs', async () => {
      const refusals = await Promise.all([
        login({ email: 'ada@acme.test', password: 'wrong' }),
        login({ email: 'nobody@acme.test', password: DEMO_PASSWORD }),
        login({ email: 'ada@acme.test', password: DEMO_PASSWORD, tenant: 'globex' }),
        login({ email: 'ada@acme.test', password: DEMO_PASSWORD, tenant: 'no-such-tenant' }),
      ]);
      for (const { status, text } of refusals) {
        expect(status).toBe(401);
        expect(text).toBe(refusals[0].text);
      }
      expect(JSON.parse(refusals[0].text)).toEqual({ error: { code: 'UNAUTHENTICATED', message: expect.any(String) } });
    });

    it('gives a token that anybody can verify with the published keys', async () => {
      const { accessToken } = await stack.signIn('ada@acme.test');
      const { keys } = (await (await fetch(`${stack.url}/.well-known/jwks.json`)).json()) as {
        keys: { kid: string }[];
      };
      const { header } = jwt.decode(accessToken, { complete: true })!;
      const key = createPublicKey({ key: keys.find(({ kid }) => kid === header.kid) as never, format: 'jwk' });
      const claims = jwt.verify(accessToken, key, { algorithms: ['ES256'], issuer: stack.url }) as jwt.JwtPayload;
      expect(header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
      expect(claims.exp! - claims.iat!).toBe(900);
      expect(JSON.stringify(keys)).not.toContain('"d"');
    });

    it('works the same as a mutation', async () => {
      const { status, body } = await stack.query(
        'mutation ($password: String!) { signIn(input: { email: "bob@acme.test", password: $password }) { accessToken refreshToken tokenType expiresIn } }',
        { password: DEMO_PASSWORD },
      );
      expect(status).toBe(200);
      expect(body).toEqual({
        data: {
          signIn: {
            accessToken: expect.any(String),
            refreshToken: expect.any(String),
            tokenType: 'Bearer',
            expiresIn: 900,
          },
        },
      });
      const { body: refused } = await stack.query(
        'mutation { signIn(input: { email: "bob@acme.test", password: "wrong" }) { accessToken } }',
      );
      expect(refused).toMatchObject({ data: { signIn: null }, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    });
  });

  describe('A refresh token', () => {
    const refresh = (refreshToken: string) => stack.post('/auth/refresh', { refreshToken });

    it('is traded for a fresh pair', async () => {
      const { refreshToken } = await stack.signIn('ada@acme.test');
      const { status, text } = await refresh(refreshToken);
      expect(status).toBe(200);
      const fresh = tokensIn(text);
      expect(fresh.refreshToken).not.toBe(refreshToken);
      const { body } = await stack.query(
        '{ viewer { user { email } } }',
        {},
        { authorization: `Bearer ${fresh.accessToken}` },
      );
      expect(body).toEqual({ data: { viewer: { user: { email: 'ada@acme.test' } } } });
    });

    it('gives the loser of a race an access token and no second lineage', async () => {
      const { refreshToken } = await stack.signIn('ada@acme.test');
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(answers.filter(({ text }) => tokensIn(text).refreshToken)).toHaveLength(1);
    });

    it('ends every session of its family when it is presented again after the grace', async () => {
      const ada = await stack.signIn('ada@acme.test');
      const fresh = tokensIn((await refresh(ada.refreshToken)).text);
      await stack.advanceClock({ seconds: 11 });
      expect((await refresh(ada.refreshToken)).status).toBe(401);
      expect((await refresh(fresh.refreshToken!)).status).toBe(401);
      await until(
        'the access token is refused',
        async () => (await ada.query('{ viewer { user { id } } }')).status === 401,
        5_000,
      );
    });

    it('works the same as a mutation, and is refused in words when it is unknown', async () => {
      const { refreshToken } = await stack.signIn('gus@globex.test');
      const REFRESH =
        'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken refreshToken } }';
      const { body } = await stack.query(REFRESH, { token: refreshToken });
      expect(body.data!['refreshSession']).toEqual({
        accessToken: expect.any(String),
        refreshToken: expect.any(String),
      });
      const { body: refused } = await stack.query(REFRESH, { token: 'unknown' });
      expect(refused).toMatchObject({
        data: { refreshSession: null },
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      });
    });
  });

  describe('Signing out', () => {
    it.each(['REST', 'mutation'])(
      'ends the session by %s: no refresh, and the access token is refused within 5 seconds',
      async (way) => {
        const bob = await stack.signIn('bob@acme.test');
        const other = await stack.signIn('bob@acme.test');
        const { status } =
          way === 'REST'
            ? await stack.post('/auth/logout', { refreshToken: bob.refreshToken })
            : await stack.query('mutation ($t: String!) { signOut(input: { refreshToken: $t }) { signedOut } }', {
                t: bob.refreshToken,
              });
        expect(status).toBe(200);
        expect((await stack.post('/auth/refresh', { refreshToken: bob.refreshToken })).status).toBe(401);
        await until(
          'the access token is refused',
          async () => (await bob.query('{ viewer { user { id } } }')).status === 401,
          5_000,
        );
        expect((await other.query('{ viewer { user { email } } }')).body).toEqual({
          data: { viewer: { user: { email: 'bob@acme.test' } } },
        });
      },
    );
  });
}
