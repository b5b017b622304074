import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PoolClient, QueryResult } from 'pg';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { singleStatements, TenantPool, tenantTransaction, type TenantSession } from './tenant-pool.js';

const WHOSE = { text: "select current_setting('stack.tenant_id', true) as tenant" };
const tenantIn = ({ rows }: QueryResult): unknown => (rows as { tenant: string }[])[0]!.tenant;

let database: TestDatabase;
let pool: TenantPool;
beforeAll(async () => {
  database = await createTestDatabase('empty', () => Promise.resolve());
  // One connection: whoever comes next gets the one that was given back last.
  pool = new TenantPool({ connectionString: database.url, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** A transaction of Prisma's own, as its adapter drives it: the client is kept and told BEGIN, COMMIT or ROLLBACK. */
async function nestedIn(session: TenantSession): Promise<PoolClient> {
  const client = await session.connect();
  await client.query({ text: 'BEGIN' });
  return client;
}

describe('A connection that is lost in a transaction', () => {
  it('fails that transaction and nothing else: the next one gets another', async () => {
    const lost = tenantTransaction(pool, 'a');
    const failing = lost.query({ text: 'select pg_terminate_backend(pg_backend_pid())' });
    await expect(failing).rejects.toMatchObject({ code: '57P01' }); // admin_shutdown
    await lost.rollback().catch(() => undefined);
    expect(tenantIn(await singleStatements(pool, 'b').query(WHOSE))).toBe('b');
  });
});

describe('A connection that was given back', () => {
  it.each(['commit', 'rollback'] as const)(
    "takes nothing from a nested write that was under way at the %s, while the next tenant's transaction is open on it",
    async (end) => {
      const first = tenantTransaction(pool, 'a');
      const left = await nestedIn(first);
      await first[end]().catch(() => undefined); // a commit in the middle of a nested write is refused

      const next = tenantTransaction(pool, 'b');
      expect(tenantIn(await next.query(WHOSE))).toBe('b');
      await expect(left.query(WHOSE)).rejects.toThrow(/transaction is over/);
      await expect(left.query({ text: 'ROLLBACK' })).rejects.toThrow(/transaction is over/);
      expect(tenantIn(await next.query(WHOSE))).toBe('b');
      await next.commit();
    },
  );

  it('takes nothing from a transaction of a reading handle that has ended', async () => {
    const left = await nestedIn(singleStatements(pool, 'a'));
    await left.query({ text: 'COMMIT' });
    left.release();
    const next = tenantTransaction(pool, 'b');
    await next.query(WHOSE);
    await expect(left.query(WHOSE)).rejects.toThrow(/transaction is over/);
    await next.commit();
  });

  it('has no tenant left on it', async () => {
    expect(tenantIn(await singleStatements(pool, 'a').query(WHOSE))).toBe('a');
    expect(tenantIn(await singleStatements(pool, null).query(WHOSE))).toBe('');
  });
});

describe('A transaction', () => {
  it('is rolled back when it is committed in the middle of a nested write', async () => {
    const transaction = tenantTransaction(pool, 'a');
    await nestedIn(transaction);
    await expect(transaction.commit()).rejects.toThrow(/nested write was still under way/);
  });
});
