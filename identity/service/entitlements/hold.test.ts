import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type EntitlementsPort, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { OPERATOR } from '../audit/origin.js';
import { grantFeature } from '../flows/entitlements/grant-feature.js';
import { voidFeatureGrant } from '../flows/entitlements/void-feature-grant.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { reserveWith } from './reserve.js';

const QUOTA = 5;
let test: TestIdentity;
let entitlements: EntitlementsPort;
beforeAll(async () => {
  test = await openTestIdentity();
  entitlements = test.identity.ports.entitlements;
  await test.rows(`insert into plans (name, title) values ('tiny', 'Tiny')`);
  const definition = { kind: 'metered', limit: QUOTA, per: 'month' };
  await test.rows(`insert into plan_features (plan, feature, definition) values ('tiny', 'notes', $1)`, [definition]);
});
afterAll(() => test.close());

let tenants = 0;
async function newTenant(...grants: readonly number[]): Promise<TenantId> {
  const id = parseTenantId(newId());
  await test.rows(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Tiny', 'tiny')`, [
    id,
    `tiny-${++tenants}`,
  ]);
  for (const amount of grants)
    await grantFeature({ tenant: id, feature: 'notes', amount, priority: 1, source: 'a test' }, OPERATOR, test.flows);
  return id;
}
const reserve = async (tenantId: TenantId, amount: number): Promise<string | null> => {
  const outcome = await entitlements.reserve({ tenantId, feature: 'notes', amount, idempotencyKey: newId() });
  return outcome.kind === 'reserved' ? outcome.reservationId : null;
};
const many = <Result>(count: number, action: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => action(index)));
const left = async (tenantId: TenantId): Promise<number> => {
  const { limit, used, held } = (await entitlements.usage(tenantId, 'notes'))!;
  return limit - used - held;
};
/** One minute before, or after, the next month begins. */
const toTheEndOfTheMonth = (minutes: number) =>
  test.rows(
    `update clock set ahead = ahead +
       ((date_trunc('month', stack_now() at time zone 'UTC') + interval '1 month') at time zone 'UTC' - stack_now())
       + make_interval(mins => $1)`,
    [minutes],
  );

describe('A quota with grants', () => {
  it('never passes both together, however many reserve at once', async () => {
    const tenantId = await newTenant(4, 3);
    const held = await many(40, () => reserve(tenantId, 1));
    expect(held.filter(Boolean)).toHaveLength(QUOTA + 7);
    expect(await entitlements.usage(tenantId, 'notes')).toMatchObject({ used: 0, held: 12, limit: 12 });
  });

  it('answers one who asks for more with what there is at all', async () => {
    const tenantId = await newTenant(4);
    const request = { tenantId, feature: 'notes', amount: 10, idempotencyKey: newId() };
    expect(await entitlements.reserve(request)).toEqual({
      kind: 'exceeded',
      limit: QUOTA + 4,
      resetsAt: expect.stringMatching(/-01T00:00:00.000Z$/),
    });
  });

  it('holds across two periods, beside those who settle, sweep and void: nothing waits for itself', async () => {
    // Small ones: each reservation takes from several, and each who reserves locks all that are left.
    const tenantId = await newTenant(...Array.from({ length: 30 }, () => 3));
    await toTheEndOfTheMonth(-1);
    const old = await many(10, () => reserve(tenantId, 7));
    expect(old.every(Boolean)).toBe(true);
    await test.advance('2 minutes');
    const [grant] = await test.rows<{ id: string }>('select id from feature_grants where tenant_id = $1 limit 1', [
      tenantId,
    ]);
    const spare = await newTenant(1);
    await Promise.all([
      many(10, (index) =>
        index % 2 ? entitlements.commit(tenantId, old[index]!, 3) : entitlements.release(tenantId, old[index]!),
      ),
      many(20, () => reserve(tenantId, 6)),
      many(3, () => test.identity.maintenance.sweepReservations()),
      voidFeatureGrant({ tenant: tenantId, id: grant!.id, reason: 'a test' }, OPERATOR, test.flows),
      reserve(spare, 6),
    ]);
    expect(await left(tenantId)).toBeGreaterThanOrEqual(0);
    await test.advance('16 minutes');
    await Promise.all([
      many(3, () => test.identity.maintenance.sweepReservations()),
      many(20, () => reserve(tenantId, 2)),
    ]);
    expect(await test.identity.maintenance.recomputeBalances()).toMatchObject({ repaired: 0 });
    expect(await left(tenantId)).toBeGreaterThanOrEqual(0);
    const over = await test.rows(
      'select from feature_grant_balances b join feature_grants g on g.id = b.grant_id where b.used + b.held > g.amount',
    );
    expect(over).toEqual([]);
  });

  it('holds once for a key that several processes are asked for at once, while what is held expires', async () => {
    const tenantId = await newTenant(...Array.from({ length: 8 }, () => 3)); // 29 with the quota
    const processes = Array.from({ length: 4 }, () => reserveWith(test.flows.db));
    for (let round = 0; round < 4; round++) {
      // All ask under the same keys, in two orders. Small amounts go together and all find room; of the large ones some do not.
      const amount = 1 + (round % 2);
      const keys = Array.from({ length: 24 }, (_, index) => `round ${round}, ${index}`);
      const asked = processes.flatMap((reserve, process) =>
        (process % 2 ? keys.toReversed() : keys).map((idempotencyKey) => ({ reserve, idempotencyKey })),
      );
      const outcomes = await Promise.all(
        asked.map(({ reserve, idempotencyKey }) => reserve({ tenantId, feature: 'notes', amount, idempotencyKey })),
      );
      const heldUnder = new Map<string, Set<string>>();
      for (const [index, outcome] of outcomes.entries())
        if (outcome.kind === 'reserved') {
          const { idempotencyKey } = asked[index]!;
          heldUnder.set(idempotencyKey, (heldUnder.get(idempotencyKey) ?? new Set()).add(outcome.reservationId));
        }
      expect([...heldUnder.values()].map((ids) => ids.size)).toEqual(Array.from(heldUnder, () => 1));
      const lines = amount === 1 ? 24 : 14;
      expect(heldUnder.size).toBe(lines);
      // Whoever was refused left nothing in the ledger, neither a line nor a part.
      expect(
        await test.rows(
          `select count(*)::int as lines, sum(amount - granted)::int as of_quota, sum(granted)::int as of_grants,
             (select sum(p.amount)::int from reservation_grants p where p.tenant_id = $1 and p.actual is null) as parts
           from reservations where tenant_id = $1 and state = 'reserved'`,
          [tenantId],
        ),
      ).toEqual([{ lines, of_quota: QUOTA, of_grants: lines * amount - QUOTA, parts: lines * amount - QUOTA }]);
      expect(await test.identity.maintenance.recomputeBalances()).toMatchObject({ repaired: 0 });
      await test.advance('16 minutes');
    }
  });

  it('meets keys in one order: two processes that are asked for the same ones do not wait for each other in a circle', async () => {
    const tenantId = await newTenant(40);
    const failed: unknown[] = []; // PostgreSQL ends one of those who wait in a circle
    const { prepared } = test.flows.db;
    const noting: typeof prepared = (...statement) =>
      prepared<never>(...statement).catch((error: unknown) => {
        failed.push(error);
        throw error;
      });
    const under = (keys: readonly string[]) => {
      const reserve = reserveWith({ ...test.flows.db, prepared: noting });
      return keys.map((idempotencyKey) => reserve({ tenantId, feature: 'notes', amount: 1, idempotencyKey }));
    };
    const reserving = await test.flows.db.transaction(async (rows) => {
      // Whoever comes to the key m waits for us. The first of each process goes alone, and the others together.
      await rows(
        `insert into reservations (tenant_id, id, feature, amount, idempotency_key, period_start, expires_at)
         values ($1, $2, 'notes', 1, 'm', stack_now(), stack_now())`,
        [tenantId, newId()],
      );
      const waiting = async (count: number): Promise<void> => {
        const blocked = `select count(*)::int as count from pg_stat_activity
          where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`;
        while ((await test.rows<{ count: number }>(blocked))[0]!.count < count);
      };
      const first = under(['first', 'a', 'm', 'z']);
      await waiting(1);
      const second = under(['second', 'z', 'a']);
      await waiting(2);
      await rows(`delete from reservations where tenant_id = $1 and idempotency_key = 'm'`, [tenantId]);
      return [...first, ...second];
    });
    const outcomes = await Promise.all(reserving);
    expect(failed).toEqual([]);
    expect(new Set(outcomes.map((outcome) => outcome.kind === 'reserved' && outcome.reservationId)).size).toBe(5);
  });

  it('of one tenant is none of another, who can neither burn it nor give it back', async () => {
    const [ours, theirs] = [await newTenant(8), await newTenant()];
    const held = await reserve(ours, QUOTA + 8);
    expect(await reserve(theirs, QUOTA + 1)).toBeNull();
    expect(await entitlements.commit(theirs, held!, 1)).toBe(false);
    expect(await entitlements.release(theirs, held!)).toBe(false);
    expect(await left(theirs)).toBe(QUOTA);
    expect(await entitlements.release(ours, held!)).toBe(true);
    expect(await left(ours)).toBe(QUOTA + 8);
  });
});
