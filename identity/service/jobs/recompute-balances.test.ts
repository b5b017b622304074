import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type EntitlementsPort, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { OPERATOR } from '../audit/origin.js';
import { grantFeature } from '../flows/entitlements/grant-feature.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';

const QUOTA = 10;
let test: TestIdentity;
let entitlements: EntitlementsPort;
let recompute: TestIdentity['identity']['maintenance']['recomputeBalances'];
beforeAll(async () => {
  test = await openTestIdentity();
  entitlements = test.identity.ports.entitlements;
  recompute = test.identity.maintenance.recomputeBalances;
  await test.rows(`insert into plans (name, title) values ('tiny', 'Tiny')`);
  const definition = { kind: 'metered', limit: QUOTA, per: 'month' };
  await test.rows(`insert into plan_features (plan, feature, definition) values ('tiny', 'notes', $1)`, [definition]);
  // The middle of a month: an hour more or less crosses no reset.
  await test.rows(`update clock set ahead = date_trunc('month', now(), 'UTC') + interval '1 month 10 days' - now()`);
});
afterAll(() => test.close());

let tenants = 0;
async function newTenant(): Promise<TenantId> {
  const id = parseTenantId(newId());
  await test.rows(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Tiny', 'tiny')`, [
    id,
    `tiny-${++tenants}`,
  ]);
  return id;
}
const grant = (tenant: string, amount: number) =>
  grantFeature({ tenant, feature: 'notes', amount, priority: 1, source: 'a test' }, OPERATOR, test.flows);
async function reserve(tenantId: TenantId, amount: number): Promise<string> {
  const outcome = await entitlements.reserve({ tenantId, feature: 'notes', amount, idempotencyKey: newId() });
  if (outcome.kind !== 'reserved') throw new Error(`${amount} cannot be reserved: ${outcome.kind}`);
  return outcome.reservationId;
}
/** Of everything: of the quota, of grants, overdue, open, given back. */
async function usedTenant(): Promise<TenantId> {
  const tenantId = await newTenant();
  await grant(tenantId, 8);
  await entitlements.commit(tenantId, await reserve(tenantId, 9), 8);
  await entitlements.commit(tenantId, await reserve(tenantId, 5), 4);
  await entitlements.release(tenantId, await reserve(tenantId, 3));
  await reserve(tenantId, 2);
  return tenantId;
}
const counters = (tenantId: TenantId) =>
  test.rows(
    `select used::int, held::int, granted_used::int, granted_held::int from usage_counters where tenant_id = $1`,
    [tenantId],
  );
const balances = (tenantId: TenantId) =>
  test.rows('select used::int, held::int from feature_grant_balances where tenant_id = $1', [tenantId]);

describe('Balances', () => {
  it('are what their ledger says, and stay untouched', async () => {
    const tenantId = await usedTenant();
    expect(await counters(tenantId)).toEqual([{ used: 10, held: 0, granted_used: 2, granted_held: 2 }]);
    expect(await balances(tenantId)).toEqual([{ used: 2, held: 2 }]);
    expect(await recompute()).toEqual({ repaired: 0, purged: 0 });
  });

  it('that somebody changed are repaired, and the audit of the tenant has both', async () => {
    const tenantId = await usedTenant();
    const right = [await counters(tenantId), await balances(tenantId)];
    await test.rows('update usage_counters set used = 1, granted_held = 7 where tenant_id = $1', [tenantId]);
    await test.rows('update feature_grant_balances set used = 0 where tenant_id = $1', [tenantId]);
    expect(await recompute()).toMatchObject({ repaired: 2 });
    expect([await counters(tenantId), await balances(tenantId)]).toEqual(right);
    const repaired = (await test.audit(tenantId)).filter(({ action }) => action === 'identity.recompute-balances');
    const amounts = { used: 10, held: 0, grantedUsed: 2, grantedHeld: 2 };
    expect(repaired).toMatchObject([
      {
        subject: { type: 'UsageCounter', id: expect.stringMatching(/^notes \d{4}-\d\d-01T/) },
        details: { stored: { ...amounts, used: 1, grantedHeld: 7 }, recomputed: amounts },
      },
      {
        subject: { type: 'FeatureGrant', id: expect.any(String) },
        details: { stored: { used: 0, held: 2 }, recomputed: { used: 2, held: 2 } },
      },
    ]);
    expect(await recompute()).toMatchObject({ repaired: 0 });
  });

  it('that are lost come back', async () => {
    const tenantId = await usedTenant();
    const right = await counters(tenantId);
    await test.rows('delete from usage_counters where tenant_id = $1', [tenantId]);
    expect(await recompute()).toMatchObject({ repaired: 1 });
    expect(await counters(tenantId)).toEqual(right);
  });

  it('are never taken for wrong beside those who reserve, settle and sweep, and repaired once by several runs', async () => {
    const all = await Promise.all([1, 2, 3].map(() => newTenant()));
    await Promise.all(all.map((tenantId) => grant(tenantId, 20)));
    let going = true;
    const busy = all.map(async (tenantId) => {
      while (going) {
        const outcomes = await Promise.all([3, 4, 5].map((amount) => reserve(tenantId, amount).catch(() => null)));
        await Promise.all(
          outcomes.map(
            (id, index) =>
              id && (index ? entitlements.release(tenantId, id) : entitlements.commit(tenantId, id, index)),
          ),
        );
      }
    });
    for (let run = 0; run < 20; run++) expect(await recompute()).toMatchObject({ repaired: 0 });
    await test.rows('update usage_counters set used = used + 1 where tenant_id = $1', [all[0]]);
    const repaired = await Promise.all([1, 2, 3].map(() => recompute()));
    going = false;
    await Promise.all(busy);
    expect(repaired.map((run) => run.repaired).sort()).toEqual([0, 0, 1]);
    expect(await recompute()).toMatchObject({ repaired: 0 });
  });

  it('stop being compared when they are told to', async () => {
    await expect(recompute(AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
  });
});

describe('The ledger', () => {
  it('is kept for 13 months; then its counters are final, and what came from grants is known for as long as they are', async () => {
    const tenantId = await usedTenant();
    await test.identity.maintenance.sweepReservations();
    const ledger = async () => (await test.rows('select from reservations where tenant_id = $1', [tenantId])).length;
    await test.rows(`update clock set ahead = ahead + interval '13 months'`);
    expect(await recompute()).toMatchObject({ repaired: 0, purged: 0 });
    expect(await ledger()).toBe(4);
    await test.rows(`update clock set ahead = ahead + interval '1 month'`);
    await recompute();
    expect(await ledger()).toBe(1); // it was never swept: what is held is not forgotten
    await test.identity.maintenance.sweepReservations();
    expect(await recompute()).toEqual({ repaired: 0, purged: expect.any(Number) });
    expect(await ledger()).toBe(0);
    expect(await counters(tenantId)).toEqual([{ used: 10, held: 0, granted_used: 2, granted_held: 0 }]);
    expect(await balances(tenantId)).toEqual([{ used: 2, held: 0 }]);
  });
});
