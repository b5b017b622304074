import { beforeAll, describe, expect, it } from '@jest/globals';
import { runStack, stackMode, type TestStack } from '../support/test-stack.js';

export function describeAccounts(running: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = running();
  });

  describe('An account', () => {
    it('is asked for by anybody, with one answer for a known address and a new one, which no cache keeps', async () => {
      const register = (email: string, slug: string) =>
        stack.post('/auth/register', {
          email,
          password: 'tractor in a pond',
          displayName: 'Somebody',
          tenant: { slug, name: 'Works' },
        });
      const answers = [await register('ada@acme.test', 'first-works'), await register('new@new.test', 'second-works')];
      for (const { status, text, headers } of answers)
        expect([status, text, headers.get('cache-control')]).toEqual([200, '{"accepted":true}', 'no-store']);
      expect(await stack.sql('select email, tenant_slug as slug from identity.sign_ups')).toEqual([
        { email: 'new@new.test', slug: 'second-works' },
      ]);
    });

    // The command opens the database itself, however the stack runs.
    if (stackMode() === 'one-process')
      it('is there once the link in the mail was used with the password, with a tenant of its own, and not before', async () => {
        const [email, password] = ['grace@navy.test', 'tractor in a pond'];
        const signIn = () => stack.post('/auth/login', { email, password });
        await stack.post('/auth/register', {
          email,
          password,
          displayName: 'Grace',
          tenant: { slug: 'navy', name: 'Navy' },
        });
        expect((await signIn()).status).toBe(401);

        const reading = runStack(['mails', '--to', email, '--json'], stack.environment);
        expect(await reading.ended).toBe(0);
        const { mails } = JSON.parse(reading.printed()) as { mails: { text: string }[] };
        const [, token] = /\/auth\/verify-email#token=(\S+)/.exec(mails[0]!.text)!;
        const verified = await stack.post('/auth/verify-email', { token, password });
        expect([verified.status, JSON.parse(verified.text)]).toEqual([
          200,
          { email, username: null, tenantSlug: 'navy' },
        ]);

        const { accessToken } = JSON.parse((await signIn()).text) as { accessToken: string };
        const { body } = await stack.query(
          '{ viewer { user { displayName } tenant { slug plan } roles } }',
          {},
          { authorization: `Bearer ${accessToken}` },
        );
        expect(body.data!['viewer']).toEqual({
          user: { displayName: 'Grace' },
          tenant: { slug: 'navy', plan: 'free' },
          roles: ['owner'],
        });
      });

    it.each(['verify-email', 'reset-password', 'change-email'])(
      'has its links in mails lead to a page, and not to work by being looked at: %s',
      async (name) => {
        const page = await fetch(`${stack.url}/auth/${name}`);
        expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
        expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; /);
        const refused = await stack.post(`/auth/${name}`, {
          token: 'guess',
          ...(name !== 'change-email' && { password: 'tractor in a pond' }),
        });
        expect([refused.status, JSON.parse(refused.text)]).toEqual([
          401,
          { error: { code: 'UNAUTHENTICATED', message: 'This link does not work any more. Ask for a new one.' } },
        ]);
      },
    );
  });
}
