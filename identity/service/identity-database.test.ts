import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lintCatalogue, openSystemPool } from '@inevitable/kit/host';
import { identityDatabase } from './identity-database.js';
import { openTestIdentity, type TestIdentity } from './testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

/** Statements as the app role, in the tenant `slug`. */
async function asTenant(slug: string, statement: string): Promise<object[]> {
  const pool = openSystemPool('identity', test.urlOf('app'));
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`select set_config('stack.tenant_id', $1, true)`, [await test.tenantId(slug)]);
    return (await client.query(statement)).rows;
  } finally {
    await client.query('rollback');
    client.release();
    await pool.end();
  }
}

describe("Identity's database", () => {
  it('passes the catalogue lint', async () => {
    expect(await lintCatalogue(identityDatabase, test.urlOf('owner'))).toEqual([]);
  });

  it('shows a tenant itself, its people and its memberships, and no other', async () => {
    expect(await asTenant('globex', 'select slug from tenants')).toEqual([{ slug: 'globex' }]);
    expect(await asTenant('globex', 'select email from users')).toEqual([{ email: 'gus@globex.test' }]);
    expect(await asTenant('globex', 'select roles from memberships')).toEqual([{ roles: ['owner'] }]);
  });

  it('shows a former member to the tenant whose records name them', async () => {
    await test.rows(`update memberships set status = 'ended' where user_id = $1`, [await test.userId('bob')]);
    expect(await asTenant('acme', `select email from users where username = 'bob'`)).toEqual([
      { email: 'bob@acme.test' },
    ]);
  });

  it.each([
    'credentials',
    'sessions',
    'refresh_tokens',
    'throttles',
    'known_devices',
    'totp_factors',
    'recovery_codes',
    'sign_in_challenges',
    'signing_keys',
    'context_keys',
    'service_credentials',
    'reservations',
    'usage_counters',
    'feature_overrides',
    'feature_grants',
    'feature_grant_voids',
    'feature_grant_balances',
    'reservation_grants',
    'revocations',
    'revocation_head',
    'settings',
  ])('keeps %s from the app role', async (table) => {
    await expect(asTenant('acme', `select * from ${table}`)).rejects.toThrow(`permission denied for table ${table}`);
  });

  it('keeps from the app role who is a platform administrator', async () => {
    await expect(asTenant('acme', 'select platform_admin from users')).rejects.toThrow('permission denied');
  });

  it.each(['tenants', 'users', 'memberships', 'plans', 'plan_features'])(
    'lets the app role write nothing into %s',
    async (table) => {
      await expect(asTenant('acme', `delete from ${table}`)).rejects.toThrow('permission denied');
    },
  );
});
