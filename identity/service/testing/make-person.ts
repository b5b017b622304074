import type { RequestContext, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { contextOfToken, type TestIdentity } from './open-test-identity.js';

export interface PersonToMake {
  /** `<name>@acme.test`, verified, with this user name. */
  readonly name: string;
  /** Where they are a member; null: nowhere. */
  readonly tenant?: string | null;
  readonly roles?: readonly string[];
}

export interface Person {
  readonly userId: UserId;
  readonly membershipId: string;
  readonly email: string;
  /** The context a gateway builds for them now. `tenant`: for a member of several. */
  context(tenant?: string): Promise<RequestContext>;
}

/** Somebody without a password, faster than signing up: for tests of what people do to each other. */
export async function makePerson(
  test: TestIdentity,
  { name, tenant = 'acme', roles = ['member'] }: PersonToMake,
): Promise<Person> {
  const [userId, membershipId, email] = [newId() as UserId, newId(), `${name}@acme.test`];
  await test.rows(
    `insert into users (id, email, username, display_name, email_verified_at) values ($1, $2, $3, $3, stack_now())`,
    [userId, email, name],
  );
  if (tenant !== null)
    await test.rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, $4)`, [
      await test.tenantId(tenant),
      membershipId,
      userId,
      roles,
    ]);
  return {
    userId,
    membershipId,
    email,
    context: async (slug) =>
      contextOfToken(
        await test.identity.issueAccessToken({ login: email, ...(slug !== undefined && { tenant: slug }) }),
      ),
  };
}

/** What gateways have been told since position `after`: `subject:id`. */
export async function revokedSince(test: TestIdentity, after: number): Promise<readonly string[]> {
  const { revocations } = await test.identity.ports.revocations.since(after, 0, new AbortController().signal);
  return revocations.map(({ subject, id }) => `${subject}:${id}`);
}

export const feedPosition = async (test: TestIdentity): Promise<number> =>
  (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).sequence;
