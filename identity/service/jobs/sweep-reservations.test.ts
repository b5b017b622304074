import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type EntitlementsPort, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import fc from 'fast-check';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

let test: TestIdentity;
let entitlements: EntitlementsPort;
let sweep: TestIdentity['identity']['maintenance']['sweepReservations'];
beforeAll(async () => {
  test = await openTestIdentity();
  entitlements = test.identity.ports.entitlements;
  sweep = test.identity.maintenance.sweepReservations;
  await test.rows(`insert into plans (name, title) values ('big', 'Big')`);
  await test.rows(
    `insert into plan_features (plan, feature, definition) select 'big', feature, $1 from unnest(array['notes', 'files']) feature`,
    [{ kind: 'metered', limit: 1_000_000, per: 'month' }],
  );
  // The middle of a month: an hour more or less crosses no reset.
  await test.rows(`update clock set ahead = date_trunc('month', now(), 'UTC') + interval '1 month 10 days' - now()`);
});
afterAll(() => test.close());

let tenants = 0;
async function newTenant(status = 'active'): Promise<TenantId> {
  const id = parseTenantId(newId());
  await test.rows(`insert into tenants (id, slug, name, plan, status) values ($1, $2, 'Big', 'big', $3)`, [
    id,
    `big-${++tenants}`,
    status,
  ]);
  return id;
}
async function reserve(tenantId: TenantId, amount: number, feature = 'notes'): Promise<string> {
  const outcome = await entitlements.reserve({ tenantId, feature, amount, idempotencyKey: newId() });
  if (outcome.kind !== 'reserved') throw new Error(`${amount} of ${feature} cannot be reserved: ${outcome.kind}`);
  return outcome.reservationId;
}
const balances = (...tenantIds: TenantId[]) =>
  test.rows(
    `select array_position($1::uuid[], tenant_id) as tenant, feature, used::int, held::int from usage_counters
     where tenant_id = any ($1) order by tenant, feature, period_start`,
    [tenantIds],
  );

describe('A sweep of reservations', () => {
  it('gives back what expired ones hold, of every tenant and feature, and answers how many they were', async () => {
    const [ours, theirs] = [await newTenant(), await newTenant()];
    await reserve(ours, 5);
    await reserve(ours, 7);
    await reserve(ours, 11, 'files');
    await reserve(theirs, 13);
    await test.advance('16 minutes');
    expect(await sweep()).toBe(4);
    expect(await balances(ours, theirs)).toEqual([
      { tenant: 1, feature: 'files', used: 0, held: 0 },
      { tenant: 1, feature: 'notes', used: 0, held: 0 },
      { tenant: 2, feature: 'notes', used: 0, held: 0 },
    ]);
    expect(await sweep()).toBe(0);
  });

  it('touches neither what may still be settled nor what is', async () => {
    const [ours, theirs] = [await newTenant(), await newTenant()];
    const committed = await reserve(ours, 4);
    await entitlements.commit(ours, committed, 3);
    const stale = await reserve(ours, 5);
    await test.advance('10 minutes');
    const [live, liveElsewhere] = [await reserve(ours, 7), await reserve(theirs, 11)];
    await test.advance('6 minutes');
    expect(await sweep()).toBe(1);
    expect(await balances(ours, theirs)).toEqual([
      { tenant: 1, feature: 'notes', used: 3, held: 7 },
      { tenant: 2, feature: 'notes', used: 0, held: 11 },
    ]);
    expect(await entitlements.commit(ours, stale, 5)).toBe(false);
    expect(await entitlements.commit(ours, committed, 3)).toBe(true);
    expect(await entitlements.commit(ours, live, 7)).toBe(true);
    expect(await entitlements.release(theirs, liveElsewhere)).toBe(true);
  });

  it('is done for a suspended tenant too: what it holds is free when it comes back', async () => {
    const tenantId = await newTenant();
    await reserve(tenantId, 5);
    await test.rows(`update tenants set status = 'suspended' where id = $1`, [tenantId]);
    await test.advance('16 minutes');
    expect(await sweep()).toBe(1);
    expect(await balances(tenantId)).toEqual([{ tenant: 1, feature: 'notes', used: 0, held: 0 }]);
  });

  it('gives back once when several run at once, beside those who reserve, commit and release', async () => {
    const both = [await newTenant(), await newTenant()];
    const stale = await Promise.all(both.flatMap((tenantId) => Array.from({ length: 10 }, () => reserve(tenantId, 3))));
    await test.advance('16 minutes');
    const [kept, returned] = [await reserve(both[0]!, 5), await reserve(both[0]!, 7)];
    const [swept] = await Promise.all([
      Promise.all(Array.from({ length: 5 }, () => sweep())),
      ...both.map((tenantId) => reserve(tenantId, 2)),
      entitlements.commit(both[0]!, kept, 5),
      entitlements.release(both[0]!, returned),
    ]);
    expect(swept.reduce((sum, released) => sum + released)).toBe(stale.length);
    expect(await balances(...both)).toEqual([
      { tenant: 1, feature: 'notes', used: 5, held: 2 },
      { tenant: 2, feature: 'notes', used: 0, held: 2 },
    ]);
  });

  it('reaches everything, however many reservations and features are overdue', async () => {
    const tenantId = await newTenant();
    await test.advance('16 minutes');
    await sweep();
    // 5,100 of one feature and one each of 600 others: more than a statement releases, more than a page lists.
    await test.rows(
      `insert into reservations (tenant_id, id, feature, amount, idempotency_key, period_start, expires_at)
       select $1, gen_random_uuid(), case when n <= 5100 then 'notes' else 'feature ' || n end, 2, 'many ' || n,
         date_trunc('month', stack_now(), 'UTC'), stack_now() from generate_series(1, 5700) n`,
      [tenantId],
    );
    await test.rows(
      `insert into usage_counters (tenant_id, feature, period_start, held)
       select tenant_id, feature, period_start, sum(amount) from reservations where tenant_id = $1 group by 1, 2, 3`,
      [tenantId],
    );
    expect(await sweep()).toBe(5_700);
    expect(
      await test.rows('select sum(held)::int as held from usage_counters where tenant_id = $1', [tenantId]),
    ).toEqual([{ held: 0 }]);
  });

  it('stops between two steps when it is told to', async () => {
    await expect(sweep(AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
  });

  it('leaves held exactly what live reservations hold, whatever was done before', async () => {
    const step = fc.record({
      tenant: fc.nat({ max: 1 }),
      feature: fc.constantFrom('notes', 'files'),
      amount: fc.integer({ min: 1, max: 50 }),
      then: fc.constantFrom('keep', 'commit', 'release'),
      waitMinutes: fc.constantFrom(0, 0, 4, 16),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const both = [await newTenant(), await newTenant()];
        const left: { tenant: number; feature: string; amount: number; minutes: number }[] = [];
        let minutes = 0;
        for (const { tenant, feature, amount, then, waitMinutes } of steps) {
          const tenantId = both[tenant]!;
          const reservation = await reserve(tenantId, amount, feature);
          if (then === 'commit') await entitlements.commit(tenantId, reservation, amount);
          else if (then === 'release') await entitlements.release(tenantId, reservation);
          else left.push({ tenant, feature, amount, minutes });
          await test.advance(`${waitMinutes} minutes`);
          minutes += waitMinutes;
        }
        const live = left.filter((reservation) => minutes - reservation.minutes < 15);
        // Made in an earlier run of this property, others may have expired by now: only ours are counted.
        await sweep();
        const held = await test.rows<{ tenant: number; feature: string; held: number }>(
          `select array_position($1::uuid[], tenant_id) - 1 as tenant, feature, held::int from usage_counters where tenant_id = any ($1)`,
          [both],
        );
        for (const { tenant, feature, held: inDatabase } of held) {
          const expected = live.filter((one) => one.tenant === tenant && one.feature === feature);
          expect(inDatabase).toBe(expected.reduce((sum, { amount }) => sum + amount, 0));
        }
      }),
      { numRuns: 25 },
    );
  });
});
