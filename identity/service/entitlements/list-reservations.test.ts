import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, RESERVATIONS_PAGE, type Reservation, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import type { Rows } from '../store/system-database.js';
import { listReservations } from './list-reservations.js';
import { usage } from './usage.js';

/** Of this period, and as many of an old one. */
const LONG = 30_000;
const OPEN_EVERY = 3_000;
let test: TestIdentity;
let tenantId: TenantId;
beforeAll(async () => {
  test = await openTestIdentity();
  tenantId = await test.tenantId('acme');
  const ledgerOf = `insert into reservations
      (tenant_id, id, feature, amount, actual, state, idempotency_key, period_start, settled_at, expires_at)
    select $1, gen_random_uuid(), 'starter.notes', 1, case when n % ${OPEN_EVERY} > 0 then 1 end,
      case when n % ${OPEN_EVERY} > 0 then 'committed' else 'reserved' end, period.name || n, period.start, stack_now(),
      stack_now() + interval '10 minutes'
    from generate_series(1, ${LONG}) n, (values
      ('this ', date_trunc('month', stack_now(), 'UTC')),
      ('old ', date_trunc('month', stack_now(), 'UTC') - interval '90 days')) period (name, start)`;
  await test.rows(ledgerOf, [tenantId]);
  await test.rows(
    `insert into usage_counters (tenant_id, feature, period_start, used, held)
     select tenant_id, feature, period_start, sum(actual), count(*) - sum(actual) from reservations group by 1, 2, 3`,
  );
  await test.rows('analyze reservations');
}, 60_000);
afterAll(() => test.close());

interface PlanNode {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How many rows of the ledger the database looks at to answer, about: its plan states averages. */
async function looksAt(ask: (db: TestIdentity['flows']['db']) => Promise<unknown>): Promise<number> {
  const { db } = test.flows;
  const count = (node: PlanNode): number =>
    (node['Relation Name'] === 'reservations'
      ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
      : 0) + (node.Plans ?? []).reduce((sum, plan) => sum + count(plan), 0);
  let looked = 0;
  const explained: Rows = async (statement, values) => {
    const [plan] = await db.rows<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
      `explain (analyze, format json) ${statement}`,
      values,
    );
    looked += count(plan!['QUERY PLAN'][0].Plan);
    return db.rows(statement, values);
  };
  await ask({ ...db, rows: explained });
  return Math.round(looked);
}

const ask = { feature: 'starter.notes', after: null } as const;

describe(`A ledger of ${2 * LONG} reservations`, () => {
  it('is read whole in pages, each reservation of the period once', async () => {
    const seen = new Set<string>();
    let [pages, after]: [number, string | null] = [0, null];
    do {
      const page: readonly Reservation[] = await listReservations(test.flows.db, { ...ask, tenantId, after });
      for (const { id } of page) seen.add(id);
      after = page.at(-1)?.id ?? null;
      pages++;
    } while (after && pages < 1_000);
    expect([seen.size, pages]).toEqual([LONG, LONG / RESERVATIONS_PAGE + 1]);
  });

  it('is not walked for a page of it, wherever that begins, nor for those in one state', async () => {
    const one = await looksAt((db) => listReservations(db, { ...ask, tenantId }));
    const middle = '80000000-0000-4000-8000-000000000000';
    const another = await looksAt((db) => listReservations(db, { ...ask, tenantId, after: middle }));
    const committed = await looksAt((db) => listReservations(db, { ...ask, tenantId, state: 'committed' }));
    for (const looked of [one, another, committed]) expect(looked).toBeLessThanOrEqual(2 * RESERVATIONS_PAGE);
    for (const state of ['reserved', 'expired', 'released'] as const)
      expect(await looksAt((db) => listReservations(db, { ...ask, tenantId, state }))).toBeLessThanOrEqual(
        LONG / OPEN_EVERY,
      );
  });

  it('is not walked for some of its ids, nor by a tenant that has none of it', async () => {
    const some = await test.rows<{ id: string }>(
      `select id from reservations where idempotency_key like 'this %' limit ${RESERVATIONS_PAGE}`,
    );
    const ids = some.map(({ id }) => id);
    expect(await listReservations(test.flows.db, { ...ask, tenantId, ids })).toHaveLength(RESERVATIONS_PAGE);
    const looked = await looksAt((db) => listReservations(db, { ...ask, tenantId, ids }));
    // Each of them is looked for in each state of each period.
    expect(looked).toBeLessThan(9 * RESERVATIONS_PAGE);
    const nobody = parseTenantId(newId());
    expect(await looksAt((db) => listReservations(db, { ...ask, tenantId: nobody }))).toBe(0);
  });

  it('is not walked for its usage, which takes off what is overdue and not swept', async () => {
    const open = LONG / OPEN_EVERY;
    const expected = { used: LONG - open, limit: 100_000, resetsAt: expect.stringMatching(/-01T00:00:00.000Z$/) };
    expect(await usage(test.flows.db, tenantId, 'starter.notes')).toEqual({ ...expected, held: open });
    expect(await looksAt((db) => usage(db, tenantId, 'starter.notes'))).toBe(0);
    await test.rows(`update reservations set expires_at = stack_now() where tenant_id = $1 and state = 'reserved'`, [
      tenantId,
    ]);
    expect(await usage(test.flows.db, tenantId, 'starter.notes')).toEqual({ ...expected, held: 0 });
    expect(await looksAt((db) => usage(db, tenantId, 'starter.notes'))).toBeLessThanOrEqual(2 * open);
  });
});
