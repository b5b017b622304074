import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { stackMode, type Session, type TestStack } from '../support/test-stack.js';

export function describeCallers(running: () => TestStack): void {
  let stack: TestStack;
  let ada: Session;
  beforeAll(async () => {
    stack = running();
    ada = await stack.signIn('ada@acme.test');
  });

  const WHO = '{ viewer { user { email } tenant { slug } } }';
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  describe('An anonymous request', () => {
    it.each([
      ['viewer', '{ viewer { user { id } } }'],
      ['note', '{ note(id: "01a1fdd6-6319-7103-9bae-6d0c335e3857") { id } }'],
      ['createNote', 'mutation { createNote(input: { text: "x" }) { id } }'],
      ['stackStatus', '{ stackStatus { ready } }'],
    ])('to the protected field %s answers UNAUTHENTICATED with HTTP 200 and null', async (field, query) => {
      const { status, body } = await stack.query(query);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        data: { [field]: null },
        errors: [{ path: [field], extensions: { code: 'UNAUTHENTICATED' } }],
      });
    });
  });

  describe('A bad token', () => {
    const forged = (claims: object, options: jwt.SignOptions = {}) =>
      jwt.sign({ ...(jwt.decode(ada.accessToken) as object), ...claims }, privateKey, {
        algorithm: 'ES256',
        header: { alg: 'ES256', typ: 'at+jwt', kid: 'unknown' },
        ...options,
      });

    it.each([
      ['text', () => 'nonsense'],
      ['signed by a stranger', () => forged({})],
      [
        'signed by a stranger under our key id',
        () =>
          forged(
            {},
            {
              header: {
                alg: 'ES256',
                typ: 'at+jwt',
                kid: jwt.decode(ada.accessToken, { complete: true })!.header.kid!,
              },
            },
          ),
      ],
      [
        'without a signature',
        () => `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${ada.accessToken.split('.')[1]}.`,
      ],
      [
        'with another tenant written into it',
        () => {
          const [header, , signature] = ada.accessToken.split('.');
          const claims = { ...(jwt.decode(ada.accessToken) as object), tid: '01a1fdd6-6319-7103-9bae-6d0c335e3857' };
          return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
        },
      ],
      ['that is a refresh token', () => ada.refreshToken],
    ])('%s answers 401 with a GraphQL error body', async (_what, token) => {
      const { status, body, headers } = await stack.query(WHO, {}, { authorization: `Bearer ${token()}` });
      expect(status).toBe(401);
      expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] });
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });

  describe('A client that sends the internal context header itself', () => {
    const forgedContext = jwt.sign(
      {
        iss: 'inevitable-gateway',
        aud: 'identity',
        sub: '01a1fdd6-6319-7103-9bae-6d0c335e3857',
        knd: 'platformAdmin',
        roles: ['owner'],
        scope: '',
        dep: 'internal',
        iat: 1,
        exp: 9_999_999_999,
      },
      privateKey,
      { algorithm: 'ES256', header: { alg: 'ES256', typ: 'ctx+jwt', kid: 'x' } },
    );

    it('changes nothing, with and without a valid token', async () => {
      const headers = {
        'x-inevitable-context': forgedContext,
        'x-inevitable-deadline-ms': '1',
        'x-inevitable-tenant': 'globex',
      };
      const plain = await stack.query(WHO);
      const forged = await stack.query(WHO, {}, headers);
      expect(forged.text).toBe(plain.text);
      const authorization = `Bearer ${ada.accessToken}`;
      const plainAda = await stack.query(WHO, {}, { authorization });
      expect((await stack.query(WHO, {}, { authorization, ...headers })).text).toBe(plainAda.text);
      expect(plainAda.body).toEqual({
        data: { viewer: { user: { email: 'ada@acme.test' }, tenant: { slug: 'acme' } } },
      });
    });
  });

  if (stackMode() === 'apart') {
    describe('A subgraph called directly', () => {
      it.each(['identity', 'operations', 'starter', 'platformforge'])('refuses everything: %s', async (part) => {
        const contexts: Record<string, string>[] = [
          {},
          { authorization: `Bearer ${ada.accessToken}` },
          { 'x-inevitable-context': ada.accessToken },
          { 'x-inevitable-context': 'x.y.z' },
        ];
        for (const context of contexts) {
          for (const query of [
            '{ _service { sdl } }',
            '{ __typename }',
            'query { _entities(representations: []) { __typename } }',
          ]) {
            const response = await fetch(`${stack.partUrl(part)}/graphql`, {
              method: 'POST',
              headers: { 'content-type': 'application/json', ...context },
              body: JSON.stringify({ query }),
            });
            expect(response.status).toBe(401);
            expect(await response.json()).toEqual({
              errors: [{ message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED' } }],
            });
          }
        }
      });

      it("refuses the internal API of identity without a service's proof", async () => {
        for (const authorization of ['', 'Bearer x', `Bearer ${ada.accessToken}`]) {
          const response = await fetch(`${stack.partUrl('identity')}/internal/v1/find-tenant`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
            body: '{}',
          });
          expect(response.status).toBe(401);
        }
      });
    });
  }

  describe("The operator's view of the stack", () => {
    it('is for platform administrators alone', async () => {
      const STATUS =
        '{ stackStatus { ready parts { name ready reason } jobs { waiting running failed latestFailures { name reason } } } }';
      const root = await stack.signIn('root@platform.test');
      const { body } = await root.query(STATUS);
      expect(body).toMatchObject({ data: { stackStatus: { ready: true, jobs: { failed: 0, latestFailures: [] } } } });
      const { parts } = body.data!['stackStatus'] as { parts: { name: string }[] };
      expect(parts.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['identity', 'starter', 'gateway', 'job store']),
      );
      expect((await ada.query(STATUS)).body).toMatchObject({
        data: { stackStatus: null },
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    });

    it('does not lift the tenant: a platform administrator sees the tenant of the token and no other', async () => {
      const gus = await stack.signIn('gus@globex.test');
      const { body } = await gus.query('mutation { createNote(input: { text: "of globex" }) { id } }');
      const { id } = body.data!['createNote'] as { id: string };
      const root = await stack.signIn('root@platform.test');
      expect((await root.query('query ($id: ID!) { note(id: $id) { text } }', { id })).body).toMatchObject({
        data: { note: null },
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
    });
  });
}
