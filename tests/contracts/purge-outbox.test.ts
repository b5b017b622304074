import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BadJob, defineJob, defineSubgraph } from '@inevitable/kit';
import { purgeOutboxJob } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { z } from 'zod';

const JOB = 'starter.purge-outbox';

let product: TestSubgraph;
let owner: pg.Pool;
beforeAll(async () => {
  product = await testSubgraph(starter);
  owner = new pg.Pool({ connectionString: product.ownerUrl, options: '-c search_path=starter', max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
});
afterAll(async () => {
  await owner.end();
  await product.close();
});
beforeEach(async () => {
  await owner.query('truncate outbox');
});

/** `count` records named `name`, written `written` ago and sent `sent` ago; null: not sent. */
const records = (count: number, name: string, written: string, sent: string | null) =>
  owner.query(
    `insert into outbox (id, tenant_id, kind, name, aggregate, payload, correlation_id, created_at, sent_at)
     select gen_random_uuid(), gen_random_uuid(), 'event', $2, 'a', '{}', 'c', stack_now() - $3::interval, stack_now() - $4::interval
     from generate_series(1, $1)`,
    [count, name, written, sent],
  );
const left = async () =>
  (
    await owner.query<{ name: string; count: number }>(
      'select name, count(*)::int from outbox group by name order by name',
    )
  ).rows;
/** As the schedule does, an hour later. */
async function purge(): Promise<void> {
  await product.clock.advance({ seconds: 3_600 });
  await owner.query("select pg_notify('jobs', '*')");
  await expectRun();
}
async function expectRun(): Promise<void> {
  const before = runs;
  const giveUpAt = Date.now() + 30_000;
  do {
    if (Date.now() > giveUpAt) throw new Error(`${JOB} was not run.`);
    const { rows } = await owner.query<{ count: number }>(
      "select count(*)::int as count from jobs.jobs where name = $1 and state = 'succeeded'",
      [JOB],
    );
    runs = rows[0]!.count;
  } while (runs === before);
}
let runs = 0;

describe('The outbox of a product', () => {
  it('loses every hour what was sent more than a day ago, and nothing that is younger or unsent', async () => {
    // The relay sends what is unsent: it must not be at work here.
    await product.jobs.stop();
    await records(3, 'old', '40 days', '23 hours 30 minutes');
    await records(4, 'young', '40 days', '22 hours');
    await product.jobs.start();
    await purge();
    expect(await left()).toEqual([{ name: 'young', count: 4 }]);
  });

  it('keeps what is unsent, however old it is', async () => {
    const pool = new pg.Pool({ connectionString: product.ownerUrl, options: '-c search_path=starter', max: 1 });
    await product.jobs.stop();
    try {
      await records(2, 'sent', '40 days', '39 days');
      await records(2, 'unsent', '40 days', null);
      const { run } = purgeOutboxJob(starter, pool);
      await run({ signal: new AbortController().signal, log: { info: () => undefined } } as never);
      expect(await left()).toEqual([{ name: 'unsent', count: 2 }]);
    } finally {
      await pool.end();
      await owner.query('truncate outbox');
      await product.jobs.start();
    }
  });

  it('loses any number of records, in batches', async () => {
    await records(11_000, 'old', '2 days', '25 hours');
    await purge();
    expect(await left()).toEqual([]);
  });
});

describe("The kit's own job", () => {
  it('is not to be declared by a product, whose own would be run in place of it', () => {
    const own = defineJob({ name: JOB, payload: z.object({}), run: () => Promise.resolve() });
    expect(() => purgeOutboxJob(defineSubgraph({ ...starter, jobs: [own] as never }), null as never)).toThrow(
      new BadJob(`Job "${JOB}" is the kit's own, for every product with a database: give yours another name.`),
    );
  });
});
