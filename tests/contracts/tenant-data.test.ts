import { afterEach, describe, expect, it } from '@jest/globals';
import type { TenantId, UserId } from '@inevitable/contract';
import { BadTenantData, defineJob, defineSubgraph, type TenantData } from '@inevitable/kit';
import { testSubgraph, until, type TestCaller, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { z } from 'zod';

let product: TestSubgraph | null = null;
afterEach(async () => {
  await product?.close();
  product = null;
});

/** The starter, with something else said of its notes. */
async function host(notes: TenantData[string], changes: object = {}): Promise<TestSubgraph> {
  product = await testSubgraph(defineSubgraph({ ...starter, tenantData: { notes }, ...changes }));
  return product;
}

const idsOf = ({ context }: TestCaller) => ({
  tenantId: context.tenant!.id as TenantId,
  userId: (context.caller as { readonly userId: UserId }).userId,
});

async function write(caller: TestCaller, text: string): Promise<void> {
  const { errors } = await caller.query('mutation ($text: String!) { createNote(input: { text: $text }) { id } }', {
    text,
  });
  expect(errors).toBeUndefined();
}

async function notesOf({ context }: TestCaller): Promise<readonly string[]> {
  const { rows } = await product!.database
    .forTenant(context.tenant!.id)
    .statement({ text: 'select text from notes order by text' });
  return rows.map(({ text }: { text: string }) => text);
}

describe('Rows that go with their person', () => {
  it('go when the person does, in that tenant, and no others', async () => {
    const test = await host({ personColumn: 'created_by', goesWithPerson: true });
    const [ada, bob] = [test.as({ tenant: 'acme', user: 'ada' }), test.as({ tenant: 'acme', user: 'bob' })];
    const elsewhere = test.as({ tenant: 'globex', user: 'ada' });
    for (const [caller, text] of [
      [ada, 'ada’s'],
      [bob, 'bob’s'],
      [elsewhere, 'ada’s, elsewhere'],
    ] as const)
      await write(caller, text);
    const { tenantId, userId } = idsOf(ada);
    expect(await test.tenantData.erase(tenantId, userId)).toMatchObject({ rows: 1, files: 0, jobs: 0 });
    expect(await notesOf(ada)).toEqual(['bob’s']);
    expect(await notesOf(elsewhere)).toEqual(['ada’s, elsewhere']);
  });

  it('go although a job that changes one is under way when they do', async () => {
    const test = await host({ personColumn: 'created_by', goesWithPerson: true });
    const ada = test.as({ tenant: 'acme', user: 'ada' });
    await write(ada, 'ada’s');
    await test.jobs.settled('starter.count-words');
    const { tenantId, userId } = idsOf(ada);
    const [job, looking] = [new pg.Client(test.ownerUrl), new pg.Client(test.ownerUrl)];
    await Promise.all([job.connect(), looking.connect()]);
    try {
      await job.query('begin');
      await job.query('update starter.notes set word_count = 7 where created_by = $1', [userId]);
      const erased = test.tenantData.erase(tenantId, userId);
      await until('it waits for the job', async () => {
        const { rowCount } = await looking.query(
          `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return rowCount! > 0;
      });
      await job.query('commit');
      expect(await erased).toMatchObject({ rows: 1 });
      expect(await notesOf(ada)).toEqual([]);
    } finally {
      await job.end();
      await looking.end();
    }
  });

  it('are not said to be gone where the product keeps them', async () => {
    const test = await host({ personColumn: 'created_by', goesWithPerson: true });
    const ada = test.as({ tenant: 'acme', user: 'ada' });
    await write(ada, 'ada’s');
    const owner = new pg.Client(test.ownerUrl);
    await owner.connect();
    await owner
      .query(
        `create function starter.keep() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger keep before delete on starter.notes for each row execute function starter.keep()`,
      )
      .finally(() => owner.end());
    const { tenantId, userId } = idsOf(ada);
    await expect(test.tenantData.erase(tenantId, userId)).rejects.toThrow(
      `Of user ${userId}, "starter" still has 1 in table notes.`,
    );
  });

  it('stay where nothing of the kind is said, and are in the archive of their person all the same', async () => {
    const test = await host({ personColumn: 'created_by' });
    const [ada, bob] = [test.as({ tenant: 'acme', user: 'ada' }), test.as({ tenant: 'acme', user: 'bob' })];
    await write(ada, 'ada’s');
    await write(bob, 'bob’s');
    const { tenantId, userId } = idsOf(ada);
    expect((await test.tenantData.export(tenantId, userId)).tables['notes']).toMatchObject([{ text: 'ada’s' }]);
    await test.tenantData.erase(tenantId, userId);
    expect(await notesOf(ada)).toEqual(['ada’s', 'bob’s']);
  });

  it('need a column that says whose they are', () => {
    expect(() => defineSubgraph({ ...starter, tenantData: { notes: { goesWithPerson: true } } })).toThrow(
      BadTenantData,
    );
  });
});

describe('A table that is left out', () => {
  it('is in no archive, and is erased all the same', async () => {
    const test = await host({ leftOut: 'a test' });
    const ada = test.as({ tenant: 'acme', user: 'ada' });
    await write(ada, 'not to be taken along');
    const { tenantId } = idsOf(ada);
    expect(await test.tenantData.export(tenantId)).toMatchObject({ rows: 0, tables: {} });
    await test.jobs.settled('starter.count-words');
    await test.tenantData.erase(tenantId);
    expect(await notesOf(ada)).toEqual([]);
  });
});

describe('A tenant with a job that runs', () => {
  it('is erased once that has ended, and keeps its rows until then', async () => {
    let begun = false;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const hold = defineJob({
      name: 'starter.count-words',
      payload: z.object({ noteId: z.string() }),
      async run() {
        begun = true;
        await ended;
      },
    });
    const test = await host({}, { jobs: [...(starter.jobs ?? []).filter(({ name }) => name !== hold.name), hold] });
    const ada = test.as({ tenant: 'acme', user: 'ada' });
    await write(ada, 'being counted');
    await until('the job runs', () => begun);
    const { tenantId } = idsOf(ada);
    await expect(test.tenantData.erase(tenantId)).rejects.toThrow('1 jobs of "starter" still run');
    expect(await notesOf(ada)).toEqual(['being counted']);
    end();
    await test.jobs.settled(hold.name);
    await test.tenantData.erase(tenantId);
    expect(await notesOf(ada)).toEqual([]);
    expect(Object.values(await test.tenantData.left(tenantId)).every((count) => count === 0)).toBe(true);
  });
});
