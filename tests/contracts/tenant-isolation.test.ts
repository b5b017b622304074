import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEvent, type EventDefinition } from '@inevitable/kit';
import { tenantWork, UnboundStatement } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { z } from 'zod';

/** The part of the starter's Prisma client these tests use. */
interface Notes {
  note: {
    create(args: object): Promise<{ id: string; tenantId: string }>;
    findMany(args?: object): Promise<{ id: string; text: string; tenantId: string }[]>;
    findUnique(args: object): Promise<{ text: string } | null>;
    findFirst(args: object): Promise<{ text: string } | null>;
    upsert(args: object): Promise<{ id: string }>;
    updateMany(args: object): Promise<{ count: number }>;
    deleteMany(args?: object): Promise<{ count: number }>;
  };
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]>;
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>;
}

let product: TestSubgraph;
const acme = () => product.as({ tenant: 'acme' }).context;
const globex = () => product.as({ tenant: 'globex' }).context;
const dbOf = (tenantId: string | null) => product.database.forTenant(tenantId).db as unknown as Notes;

async function write(tenantId: string, text: string): Promise<string> {
  const { id } = await dbOf(tenantId).note.create({ data: { id: v7(), text, createdBy: v7() } });
  return id;
}

beforeAll(async () => {
  product = await testSubgraph(starter);
});
afterAll(() => product.close());

describe('A handle bound to one tenant', () => {
  it('reaches no row of another tenant, however it asks', async () => {
    const id = await write(acme().tenant!.id, 'acme only');
    const db = dbOf(globex().tenant!.id);
    const key = { tenantId_id: { tenantId: acme().tenant!.id, id } };
    expect(await db.note.findMany({ where: { id } })).toEqual([]);
    expect(await db.note.findUnique({ where: key })).toBeNull();
    expect(await db.note.updateMany({ where: { id }, data: { text: 'taken over' } })).toEqual({ count: 0 });
    expect(await db.note.deleteMany({ where: { id } })).toEqual({ count: 0 });
    expect(await db.$queryRawUnsafe('select * from notes where id = $1::uuid', id)).toEqual([]);
    expect(await db.$executeRawUnsafe('delete from notes where id = $1::uuid', id)).toBe(0);
    expect(await dbOf(acme().tenant!.id).note.findFirst({ where: { id } })).toMatchObject({ text: 'acme only' });
  });

  it('cannot write a row for another tenant', async () => {
    const stolen = { id: v7(), text: 'planted', createdBy: v7(), tenantId: acme().tenant!.id };
    await expect(dbOf(globex().tenant!.id).note.create({ data: stolen })).rejects.toThrow(/row-level security/);
    expect(await dbOf(acme().tenant!.id).note.findMany({ where: { id: stolen.id } })).toEqual([]);
  });

  it('sees nothing at all without a tenant', async () => {
    await write(acme().tenant!.id, 'somebody has a row');
    expect(await dbOf(null).note.findMany()).toEqual([]);
    expect(
      await dbOf(null)
        .$queryRawUnsafe('select * from outbox')
        .catch((error: Error) => error.message),
    ).toMatch(/permission denied/);
  });

  it('gets its own row when two tenants look up in the same tick', async () => {
    const mine = await write(acme().tenant!.id, 'of acme');
    const theirs = await write(globex().tenant!.id, 'of globex');
    const lookUp = (tenantId: string, id: string) =>
      dbOf(tenantId)
        .note.findUnique({ where: { tenantId_id: { tenantId, id } } })
        .then((note) => note?.text ?? null);
    for (let round = 0; round < 25; round += 1) {
      const [a, b, crossed] = await Promise.all([
        lookUp(acme().tenant!.id, mine),
        lookUp(globex().tenant!.id, theirs),
        dbOf(globex().tenant!.id).note.findUnique({
          where: { tenantId_id: { tenantId: acme().tenant!.id, id: mine } },
        }),
      ]);
      expect([a, b, crossed]).toEqual(['of acme', 'of globex', null]);
    }
  });

  it('keeps to its tenant in any interleaving of many tenants on few connections', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ tenant: fc.integer({ min: 0, max: 4 }), fails: fc.boolean() }), {
          minLength: 5,
          maxLength: 40,
        }),
        async (steps) => {
          const tenants = steps.map(({ tenant }) => product.as({ tenant: `t${tenant}` }).context.tenant!.id);
          await Promise.all(
            steps.map(async ({ fails }, index) => {
              const db = dbOf(tenants[index]!);
              if (fails) await db.$queryRawUnsafe('select 1/0').catch(() => undefined); // a failed statement must not leave a tenant behind
              const [row] = await db.$queryRawUnsafe("select current_setting('stack.tenant_id') as tenant");
              expect(row).toEqual({ tenant: tenants[index] });
            }),
          );
          expect(await dbOf(null).$queryRawUnsafe("select current_setting('stack.tenant_id') as tenant")).toEqual([
            { tenant: '' },
          ]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('refuses a statement that was not sent through a handle', async () => {
    const escaped = (dbOf(acme().tenant!.id) as unknown as { $transaction(work: unknown): Promise<unknown> })
      .$transaction;
    await expect(
      Promise.resolve().then(() => escaped.call(dbOf(acme().tenant!.id), () => Promise.resolve())),
    ).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringContaining(new UnboundStatement().message) as unknown as string,
      }),
    );
  });
});

describe('A transaction of a product', () => {
  const inTransaction = (fail: boolean) =>
    product.database.transaction(acme().tenant!.id, async (handle) => {
      const { db, events } = tenantWork(handle, acme(), starter.events!);
      const { id } = await (db as unknown as Notes).note.create({
        data: { id: v7(), text: 'both or none', createdBy: v7() },
      });
      await events.publish(starter.events![0]!, { aggregate: id, payload: { noteId: id } });
      if (fail) throw new Error('the resolver failed');
      return id;
    });
  const recordsOf = async (aggregate: string) =>
    (await ownerRows('select 1 from starter.outbox where aggregate = $1', aggregate)).length;

  it('commits rows and outbox records together', async () => {
    const id = await inTransaction(false);
    expect(await recordsOf(id)).toBe(1);
    expect(await dbOf(acme().tenant!.id).note.findMany({ where: { id } })).toHaveLength(1);
  });

  it('leaves neither when it fails', async () => {
    const before = await ownerRows('select id from starter.notes union all select id from starter.outbox');
    await expect(inTransaction(true)).rejects.toThrow('the resolver failed');
    expect(await ownerRows('select id from starter.notes union all select id from starter.outbox')).toHaveLength(
      before.length,
    );
  });

  it.each([
    ['does not declare', defineEvent({ name: 'starter.note.changed.v1', payload: z.object({}) }), 'is not declared'],
    ['declares, with a payload that does not fit', starter.events![0]!, 'does not fit'],
  ])('writes nothing when it publishes an event that the product %s', async (_what, event, reason) => {
    const id = v7();
    const careless = product.database.transaction(acme().tenant!.id, async (handle) => {
      const { db, events } = tenantWork(handle, acme(), starter.events!);
      await (db as unknown as Notes).note.create({ data: { id, text: 'lost', createdBy: v7() } });
      await events.publish(event as EventDefinition, { aggregate: id, payload: { noteId: 'no id' } });
    });
    await expect(careless).rejects.toThrow(reason);
    expect(await dbOf(acme().tenant!.id).note.findMany({ where: { id } })).toEqual([]);
  });

  it('fails as a whole when a statement in it failed and the product ignored that', async () => {
    const id = v7();
    const careless = product.database.transaction(acme().tenant!.id, async ({ db }) => {
      const notes = db as unknown as Notes;
      await notes.note.create({ data: { id, text: 'lost', createdBy: v7() } });
      await notes.$queryRawUnsafe('select 1/0').catch(() => undefined);
    });
    await expect(careless).rejects.toThrow(/rolled back/);
    expect(await dbOf(acme().tenant!.id).note.findMany({ where: { id } })).toEqual([]);
  });

  const upsertOf = (text: string) => {
    const id = v7();
    return {
      where: { tenantId_id: { tenantId: acme().tenant!.id, id } },
      create: { id, text, createdBy: v7() },
      update: { text },
    };
  };

  it("holds its tenant for Prisma's own nested transactions too", async () => {
    const seen = await product.database.transaction(acme().tenant!.id, async ({ db }) => {
      const notes = db as unknown as Notes;
      await Promise.all([1, 2, 3].map((n) => notes.note.upsert(upsertOf(`nested ${n}`))));
      return notes.note.findMany({ where: { text: { startsWith: 'nested' } } });
    });
    expect(seen.map(({ tenantId }) => tenantId)).toEqual([1, 2, 3].map(() => acme().tenant!.id));
    await dbOf(acme().tenant!.id).note.upsert(upsertOf('nested, and outside of any transaction'));
    expect(await dbOf(globex().tenant!.id).note.findMany({ where: { text: { startsWith: 'nested' } } })).toEqual([]);
  });

  async function ownerRows(sql: string, ...values: unknown[]): Promise<unknown[]> {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: product.ownerUrl });
    await client.connect();
    try {
      return (await client.query(sql, values)).rows;
    } finally {
      await client.end();
    }
  }
});
