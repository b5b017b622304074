import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import { createTestDatabase, type TestDatabase } from '../testing/test-database.js';
import { inTransaction } from './in-transaction.js';
import { openSystemPool } from './product-database.js';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase('empty', () => Promise.resolve());
  pool = openSystemPool('kept', database.url);
  await pool.query('create schema kept');
  await pool.query('create table kept (text text not null)');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(() => pool.query('truncate kept'));

const kept = async (): Promise<string[]> => (await pool.query('select text from kept')).rows.map(({ text }) => text);
const ADD = "insert into kept values ('a')";

describe('A transaction of a system role', () => {
  it('is kept when its work returns, and answers what that answers', async () => {
    expect(await inTransaction(pool, async (client) => (await client.query(ADD)).rowCount)).toBe(1);
    expect(await kept()).toEqual(['a']);
  });

  it('leaves nothing behind when its work throws', async () => {
    const failing = inTransaction(pool, async (client) => {
      await client.query(ADD);
      throw new Error('not this one');
    });
    await expect(failing).rejects.toThrow('not this one');
    expect(await kept()).toEqual([]);
  });

  it('does not pass for kept when a statement in it failed and nobody noticed', async () => {
    const failing = inTransaction(pool, async (client) => {
      await client.query(ADD);
      await client.query('insert into kept values (null)').catch(() => undefined);
    });
    await expect(failing).rejects.toThrow('The transaction was rolled back: a statement in it had failed.');
    expect(await kept()).toEqual([]);
  });

  it('throws what broke its connection, and gives the next one another', async () => {
    const failing = inTransaction(pool, async (client) => {
      await client.query(ADD);
      await client.query('select pg_terminate_backend(pg_backend_pid())');
    });
    await expect(failing).rejects.toMatchObject({ code: '57P01' }); // admin_shutdown
    expect(await kept()).toEqual([]);
  });
});
