import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseApiKey, printApiKey } from '@inevitable/contract';
import { stackMode, until, type Session, type TestStack } from '../support/test-stack.js';

export function describeApiKeys(running: () => TestStack): void {
  let stack: TestStack;
  let bob: Session;
  beforeAll(async () => {
    stack = running();
    bob = await stack.signIn('bob@acme.test');
  });

  const READ = '{ __typename note(id: "01a1fdd6-6319-7103-9bae-6d0c335e3857") { id } }';
  const WRITE = 'mutation { createNote(input: { text: "by a program" }) { id } }';
  const CREATE = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }';
  const REVOKE = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { revokedAt } } }';

  async function newKey(input: object): Promise<{ key: string; id: string }> {
    const { body } = await bob.query(CREATE, { input: { name: 'a program', ...input } });
    const { key, apiKey } = body.data!['createApiKey'] as { key: string; apiKey: { id: string } };
    return { key, id: apiKey.id };
  }
  const asKey = (key: string, query: string, headers: Record<string, string> = {}) =>
    stack.query(query, {}, { authorization: `Bearer ${key}`, ...headers });
  const code = (name: string) => ({ errors: [{ extensions: { code: name } }] });

  describe('An API key', () => {
    it('does what its scopes allow and no more, until it is revoked: then nowhere', async () => {
      const { key, id } = await newKey({ scopes: ['starter:notes:read'] });
      expect((await asKey(key, READ)).body).toMatchObject({ data: { note: null }, ...code('NOT_FOUND') });
      expect((await asKey(key, WRITE)).body).toMatchObject({ data: { createNote: null }, ...code('FORBIDDEN') });
      const more = 'mutation { createApiKey(input: { name: "x", scopes: ["starter:notes:read"] }) { key } }';
      expect((await asKey(key, more)).body).toMatchObject({ data: { createApiKey: null }, ...code('FORBIDDEN') });

      expect((await bob.query(REVOKE, { id })).body).toMatchObject({
        data: { revokeApiKey: { apiKey: { revokedAt: expect.any(String) } } },
      });
      await until('the key is refused', async () => (await asKey(key, READ)).status === 401);
    });

    // Apart, without a server for events, a subgraph takes no subscription.
    if (stackMode() === 'one-process')
      it('takes its subscriptions with it when it is revoked', async () => {
        const { key, id } = await newKey({ scopes: ['starter:notes:read'] });
        const events = await fetch(`${stack.url}/graphql`, {
          method: 'POST',
          headers: {
            accept: 'text/event-stream',
            'content-type': 'application/json',
            authorization: `Bearer ${key}`,
          },
          body: JSON.stringify({ query: 'subscription { noteChanged { id } }' }),
        });
        expect(events.status).toBe(200);
        await bob.query(REVOKE, { id });
        expect(await events.text()).toContain('UNAUTHENTICATED');
      });

    it('works from its allowed addresses alone, whatever the client says of where it is', async () => {
      const [here, elsewhere] = [
        await newKey({ scopes: ['starter:notes:read'], allowedIps: ['127.0.0.0/8'] }),
        await newKey({ scopes: ['starter:notes:read'], allowedIps: ['192.0.2.0/24'] }),
      ];
      expect((await asKey(here.key, READ)).status).toBe(200);
      const forged = { 'x-forwarded-for': '192.0.2.1', 'x-inevitable-client-address': '192.0.2.1' };
      for (const headers of [{}, forged])
        expect(await asKey(elsewhere.key, READ, headers)).toMatchObject({ status: 401, body: code('UNAUTHENTICATED') });
    });

    it('that is mistyped, made up or of another environment is refused with 401, each with the same answer', async () => {
      const { key } = await newKey({ scopes: ['starter:notes:read'] });
      const parts = parseApiKey(key)!;
      const wrong = [
        `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
        printApiKey({ ...parts, deployment: 'customer' }),
        printApiKey({ ...parts, secret: 'A'.repeat(43) }),
        printApiKey({ ...parts, id: '01a1fdd6-6319-7103-9bae-6d0c335e3857' as typeof parts.id }),
        'ick_',
      ];
      const answers = await Promise.all(wrong.map((one) => asKey(one, READ)));
      for (const { status, text } of answers) expect({ status, text }).toEqual({ status: 401, text: answers[0]!.text });
    });
  });
}
