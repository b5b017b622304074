import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  openJobDesk,
  roleUrl,
  type JobDesk,
  type JobFilter,
  type JobScope,
} from '@inevitable/kit/host';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';

const JOBS = 1_000_000;
const ROUNDS = 20;
const WITHIN_MS = 200;
/** The largest page, and one more that tells whether another follows. */
const FIRST_PAGE = { take: 101, afterId: null };

/** Half of all jobs are this tenant's, and six in ten are `heavy.work`: what is rare is behind very much that is not. */
const LARGE = '00000000-0000-8000-8000-000000000001';
const SMALL = '00000000-0000-8000-8000-000000000066';
const NOBODY = '00000000-0000-8000-8000-00000000ffff';
const FILL = `
  insert into jobs.jobs (id, name, tenant_id, payload, correlation_id, priority, state, run_at, created_at, finished_at, attempts,
    schedule, error)
  select (lpad(to_hex(1750000000000 + g * 1000), 12, '0') || '7' || lpad(to_hex(g % 4096), 3, '0') || '8' || lpad(to_hex(g), 15, '0'))::uuid,
    case when g % 10 < 6 then 'heavy.work' else 'product' || (g % 7) || '.job-' || (g % 11) end,
    case when g % 1000 = 0 then null when g % 2 = 0 then '${LARGE}'
      else '00000000-0000-8000-8000-' || lpad(to_hex(g % 200 + 1), 12, '0') end::uuid,
    '{"number": 1}', 'c', 0, s.state, m.made, m.made, case when s.state in ('dead', 'succeeded', 'cancelled') then m.made end, 1,
    case when g % 50000 = 0 then 'heavy.work' end, case when s.state = 'dead' then 'It broke.' end
  from generate_series(1, ${JOBS}) g
  cross join lateral (select to_timestamp(1750000000 + g) as made) m
  cross join lateral (select case when g <= 2000 then (array['blocked', 'scheduled', 'ready', 'running', 'cancelled'])[g % 5 + 1]
    when g % 100 = 0 then 'dead' else 'succeeded' end as state) s`;
const DEFINE = `
  insert into jobs.definitions (name, product, declared, declared_at)
  select distinct name, split_part(name, '.', 1), '{}'::jsonb, now() from jobs.jobs`;

let test: TestDatabase;
let desk: JobDesk;
beforeAll(async () => {
  test = await createTestDatabase('a million jobs', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    for (const statement of [FILL, DEFINE, 'vacuum analyze jobs.jobs']) await client.query(statement);
    await client.end();
  });
  desk = await openJobDesk(roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, 'reader'), pino({ level: 'silent' }));
}, 300_000);
afterAll(async () => {
  await desk.close();
  await test.drop();
});

async function medianOf(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begun = performance.now();
    await work();
    took.push(performance.now() - begun);
  }
  return took.sort((one, other) => one - other)[ROUNDS / 2]!;
}

const all: JobScope = { kind: 'all' };
const of = (tenantId: string, ...products: string[]): JobScope => ({ kind: 'tenant', tenantId, products });
const everyProduct = ['heavy', ...[0, 1, 2, 3, 4, 5, 6].map((number) => `product${number}`)];

describe('Of a million jobs', () => {
  it.each<[string, JobScope, JobFilter, number]>([
    ['all', all, {}, 101],
    ['the dead', all, { states: ['dead'] }, 101],
    ['the few that wait', all, { states: ['blocked', 'scheduled', 'ready'] }, 101],
    ['a product', all, { product: 'product3' }, 101],
    ['a product without jobs', all, { product: 'nothing' }, 0],
    ['the largest definition', all, { name: 'heavy.work' }, 101],
    ['the few of it that a schedule made', all, { schedule: 'heavy.work' }, 20],
    ['the largest tenant', all, { tenantId: LARGE }, 101],
    ['a product of a small tenant', all, { tenantId: SMALL, product: 'heavy' }, 101],
    ['a tenant without jobs', all, { tenantId: NOBODY }, 0],
    ['everything of one tenant', of(LARGE, ...everyProduct), {}, 101],
    ['one product of the largest tenant', of(LARGE, 'product1'), {}, 101],
    ['nothing that may be seen of the largest tenant', of(LARGE, 'nothing'), {}, 0],
    ['what waits of the largest tenant', of(LARGE, ...everyProduct), { states: ['ready'] }, 101],
  ])(`the first page of %s takes less than ${WITHIN_MS} ms`, async (_what, scope, filter, expected) => {
    expect(await desk.jobs(scope, filter, FIRST_PAGE)).toHaveLength(expected);
    expect(await medianOf(() => desk.jobs(scope, filter, FIRST_PAGE))).toBeLessThan(WITHIN_MS);
  });

  it(`a page in the middle takes less than ${WITHIN_MS} ms`, async () => {
    const middle = { take: 101, afterId: '0197a80a-0000-7000-8000-000000000000' };
    expect(await medianOf(() => desk.jobs(all, {}, middle))).toBeLessThan(WITHIN_MS);
    expect(await medianOf(() => desk.jobs(of(LARGE, 'heavy'), {}, middle))).toBeLessThan(WITHIN_MS);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the overview', () => desk.overview()],
    ['the definitions', () => desk.definitions(all)],
    ['the definitions of a tenant', () => desk.definitions(of(LARGE, ...everyProduct))],
  ])(`%s takes less than ${WITHIN_MS} ms`, async (_what, work) => {
    expect(await medianOf(work)).toBeLessThan(WITHIN_MS);
  });
});
