import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineJob, defineSubgraph, type JobDefinition } from '@inevitable/kit';
import { tenantWork } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { z } from 'zod';

const ran: unknown[] = [];
const told = defineJob<{ text: string }, never>({
  name: 'starter.told',
  payload: z.object({ text: z.string() }),
  run: ({ payload }) => Promise.resolve(void ran.push(payload.text)),
});

let product: TestSubgraph;
let owner: pg.Pool;
beforeAll(async () => {
  product = await testSubgraph(defineSubgraph({ ...starter, jobs: [told] as never }));
  owner = new pg.Pool({ connectionString: product.ownerUrl, options: '-c search_path=starter', max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
});
afterAll(async () => {
  await owner.end();
  await product.close();
});

function enqueue(tenant: string, job: JobDefinition<never, never>, payload: unknown, runAt?: Date): Promise<string> {
  const { context } = product.as({ tenant });
  return product.database.transaction(context.tenant!.id, (handle) =>
    tenantWork(handle, context, []).jobs.enqueue(job, payload as never, runAt && { runAt }),
  );
}

describe('A record that the job store refuses', () => {
  it('is set aside with the reason, and keeps no other waiting', async () => {
    await product.jobs.stop();
    // As no code of the kit writes it: the store's format of a time has four digits for a year.
    await owner.query(
      `insert into outbox (id, tenant_id, kind, name, aggregate, payload, correlation_id, run_at)
       values (gen_random_uuid(), gen_random_uuid(), 'job', 'starter.told', 'a', '{"text":"never"}', 'c', '10000-01-01')`,
    );
    await enqueue('globex', told as never, { text: 'after it' });
    await product.jobs.start();
    let refused: readonly { readonly refused: string | null }[] = [];
    while (!refused.length) {
      refused = (await owner.query<{ refused: string }>('select refused from outbox where refused is not null')).rows;
    }
    expect(refused).toEqual([{ refused: expect.stringContaining('10000') }]);
    while (!ran.length) await owner.query('select 1');
    expect(ran).toEqual(['after it']);
  });
});

describe('A job is refused where it is enqueued', () => {
  it('with a payload that is larger than the store takes of many', async () => {
    await expect(enqueue('acme', told as never, { text: 'x'.repeat(262_145) })).rejects.toThrow(
      'The payload of job "starter.told" has 262156 bytes, and 262144 is the limit: keep the rest in a row.',
    );
  });

  it.each([new Date(NaN), new Date(Date.UTC(10_000, 0, 1)), new Date(-1)])('with the time %s', async (runAt) => {
    await expect(enqueue('acme', told as never, { text: 'later' }, runAt)).rejects.toThrow(
      /^Job "starter.told": runAt is .*, and must be a time up to the year 9999\.$/,
    );
  });

  it("when it is another product's, also by a statement of its own", async () => {
    const foreign = defineJob({ name: 'other.secret', payload: z.object({}), run: () => Promise.resolve() });
    await expect(enqueue('acme', foreign as never, {})).rejects.toThrow(/own_jobs/);
  });
});
