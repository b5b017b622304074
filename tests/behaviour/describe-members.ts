import { beforeAll, describe, expect, it } from '@jest/globals';
import { until, type Session, type TestStack } from '../support/test-stack.js';

export function describeMembers(running: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = running();
  });

  const membershipOf = async (session: Session, username: string): Promise<string> => {
    const { body } = await session.query(
      '{ viewer { tenant { members(first: 100) { nodes { id user { username } } } } } }',
    );
    const { tenant } = body.data!['viewer'] as {
      tenant: { members: { nodes: { id: string; user: { username: string | null } }[] } };
    };
    return tenant.members.nodes.find(({ user }) => user.username === username)!.id;
  };
  const refused = (session: Session, code: string) =>
    until('the token is refused', async () => {
      const { body } = await session.query('{ viewer { roles } }');
      return body.errors?.[0]?.extensions['code'] === code;
    });
  const refreshed = async ({ refreshToken }: Session) => {
    const { status, text } = await stack.post('/auth/refresh', { refreshToken });
    expect(status).toBe(200);
    const { accessToken } = JSON.parse(text) as { accessToken: string };
    return (query: string) => stack.query(query, {}, { authorization: `Bearer ${accessToken}` });
  };
  const WRITE = 'mutation { createNote(input: { text: "written by a viewer?" }) { id } }';

  describe('A role that is taken away', () => {
    it('is in no token any more soon after, and its holder goes on in the same sign-in with what is left', async () => {
      const [ada, bob] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('bob@acme.test')]);
      const id = await membershipOf(ada, 'bob');
      const give = (role: string) =>
        ada.query(
          `mutation { changeMemberRoles(input: { membershipId: "${id}", roles: ["${role}"] }) { membership { roles } } }`,
        );
      expect((await give('viewer')).body.errors).toBeUndefined();
      await refused(bob, 'UNAUTHENTICATED');
      const ask = await refreshed(bob);
      expect((await ask('{ viewer { roles } }')).body).toEqual({ data: { viewer: { roles: ['viewer'] } } });
      expect((await ask(WRITE)).body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
      await give('member');
    });
  });

  describe('A suspended tenant', () => {
    it('is closed to every token for it soon after, which is told why, and open again as it was', async () => {
      const [root, gus] = await Promise.all([stack.signIn('root@platform.test'), stack.signIn('gus@globex.test')]);
      const { body } = await gus.query('{ viewer { tenant { id } } }');
      const { tenant } = body.data!['viewer'] as { tenant: { id: string } };
      const { body: answer } = await root.query(
        `mutation { suspendTenant(input: { id: "${tenant.id}", reason: "a test" }) { status } }`,
      );
      expect(answer).toEqual({ data: { suspendTenant: { status: 'suspended' } } });
      await refused(gus, 'TENANT_SUSPENDED');
      await root.query(`mutation { reactivateTenant(input: { id: "${tenant.id}" }) { status } }`);
      const ask = await refreshed(gus);
      expect((await ask('{ viewer { tenant { slug } } }')).body).toEqual({
        data: { viewer: { tenant: { slug: 'globex' } } },
      });
    });
  });
}
