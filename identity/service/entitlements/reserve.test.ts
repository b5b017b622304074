import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type EntitlementsPort, type ReserveOutcome, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import fc from 'fast-check';
import type { SystemDatabase } from '../store/system-database.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { reserveWith } from './reserve.js';

const LIMIT = 10;
let test: TestIdentity;
let entitlements: EntitlementsPort;
beforeAll(async () => {
  test = await openTestIdentity();
  entitlements = test.identity.ports.entitlements;
  await test.rows(`insert into plans (name, title) values ('tiny', 'Tiny'), ('vast', 'Vast')`);
  await test.rows(
    `insert into plan_features (plan, feature, definition)
     values ('tiny', 'notes', $1), ('tiny', 'sso', $2), ('vast', 'notes', $3)`,
    [
      { kind: 'metered', limit: LIMIT, per: 'month' },
      { kind: 'boolean', enabled: true },
      { kind: 'metered', limit: 1_000_000, per: 'month' },
    ],
  );
  // The middle of a month: an hour more or less crosses no reset.
  await test.rows(`update clock set ahead = date_trunc('month', now(), 'UTC') + interval '1 month 10 days' - now()`);
});
afterAll(() => test.close());

let tenants = 0;
async function newTenant(plan: 'tiny' | 'vast' = 'tiny'): Promise<TenantId> {
  const id = parseTenantId(newId());
  await test.rows(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Tiny', $3)`, [
    id,
    `tiny-${++tenants}`,
    plan,
  ]);
  return id;
}

const reserve = (
  tenantId: TenantId,
  amount: number,
  idempotencyKey = newId(),
  feature = 'notes',
): Promise<ReserveOutcome> => entitlements.reserve({ tenantId, feature, amount, idempotencyKey });
const idOf = (outcome: ReserveOutcome): string => (outcome.kind === 'reserved' ? outcome.reservationId : newId());
const balance = async (tenantId: TenantId) =>
  (await test.rows('select used::int, held::int from usage_counters where tenant_id = $1', [tenantId]))[0] ?? {
    used: 0,
    held: 0,
  };

describe('Entitlements', () => {
  it('have a digest that changes when they do, and with nothing else', async () => {
    const [acme, again, tiny] = [
      await entitlements.describe(await test.tenantId('acme')),
      await entitlements.describe(await test.tenantId('acme')),
      await entitlements.describe(await newTenant()),
    ];
    expect(acme).toEqual(again);
    expect(acme.features['starter.notes']).toEqual({ kind: 'metered', limit: 100_000, per: 'month' });
    expect(tiny.digest).not.toBe(acme.digest);
    expect((await test.identity.ports.tenants.find(await test.tenantId('acme')))?.entitlementsDigest).toBe(acme.digest);
  });

  it('of a tenant that does not exist are not found', async () => {
    await expect(entitlements.describe(parseTenantId(newId()))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await test.identity.ports.tenants.find(parseTenantId(newId()))).toBeNull();
  });
});

describe('A metered feature', () => {
  it('never passes its limit, however many reserve at once', async () => {
    const tenantId = await newTenant();
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => reserve(tenantId, 1)));
    expect(outcomes.filter(({ kind }) => kind === 'reserved')).toHaveLength(LIMIT);
    expect(await balance(tenantId)).toEqual({ used: 0, held: LIMIT });
    expect(outcomes.find(({ kind }) => kind === 'exceeded')).toEqual({
      kind: 'exceeded',
      limit: LIMIT,
      resetsAt: expect.stringMatching(/-01T00:00:00.000Z$/),
    });
  });

  it('never passes its limit, however many processes reserve at once', async () => {
    const tenantId = await newTenant();
    const processes = Array.from({ length: 5 }, () => reserveWith(test.flows.db));
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        processes[index % 5]!({ tenantId, feature: 'notes', amount: 1, idempotencyKey: newId() }),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'reserved')).toHaveLength(LIMIT);
    expect(await balance(tenantId)).toEqual({ used: 0, held: LIMIT });
  });

  it('that many want at once takes one connection, and leaves the others to other tenants', async () => {
    const [busy, other] = [await newTenant('vast'), await newTenant('vast')];
    let [statements, running, most] = [0, 0, 0];
    const prepared: SystemDatabase['prepared'] = async (text, values) => {
      statements++;
      most = Math.max(most, ++running);
      try {
        return await test.flows.db.prepared(text, values);
      } finally {
        running--;
      }
    };
    const reserve = reserveWith({ ...test.flows.db, prepared });
    const request = (tenantId: TenantId) => ({ tenantId, feature: 'notes', amount: 2, idempotencyKey: newId() });
    const outcomes = await Promise.all([
      ...Array.from({ length: 60 }, () => reserve(request(busy))),
      reserve(request(other)),
    ]);
    expect(outcomes.every(({ kind }) => kind === 'reserved')).toBe(true);
    expect(new Set(outcomes.map(idOf)).size).toBe(61);
    expect({ statements, most }).toEqual({ statements: 3, most: 2 });
    expect(await balance(busy)).toEqual({ used: 0, held: 120 });
  });

  it('costs nobody theirs who reserves beside one that repeats a key, or has one that cannot be stored', async () => {
    const tenantId = await newTenant('vast');
    const first = await reserve(tenantId, 1, 'again');
    const [before, repeated, broken, after, ...twins] = await Promise.allSettled([
      reserve(tenantId, 1),
      reserve(tenantId, 1, 'again'),
      reserve(tenantId, 1, 'no \0 in PostgreSQL'),
      reserve(tenantId, 1),
      reserve(tenantId, 1, 'twin'),
      reserve(tenantId, 1, 'twin'),
    ]);
    const fine = { status: 'fulfilled', value: { kind: 'reserved' } };
    expect([before, after, ...twins]).toMatchObject([fine, fine, fine, fine]);
    expect(twins[0]).toEqual(twins[1]);
    expect(repeated).toEqual({ status: 'fulfilled', value: first });
    expect(broken!.status).toBe('rejected');
    expect(await balance(tenantId)).toEqual({ used: 0, held: 4 });
  });

  it('takes a small one that still fits beside a large one that does not', async () => {
    const tenantId = await newTenant();
    const outcomes = await Promise.all([1, LIMIT + 1, 2, LIMIT, 3].map((amount) => reserve(tenantId, amount)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['reserved', 'exceeded', 'reserved', 'exceeded', 'reserved']);
    expect(await balance(tenantId)).toEqual({ used: 0, held: 6 });
  });

  it('reserves once for one key, however often and at once it is asked', async () => {
    const tenantId = await newTenant();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => reserve(tenantId, 3, 'one key')));
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(outcomes[0]).toMatchObject({ kind: 'reserved' });
    expect(await balance(tenantId)).toEqual({ used: 0, held: 3 });
  });

  it('is counted for each tenant alone', async () => {
    const [ours, theirs] = [await newTenant(), await newTenant()];
    const held = idOf(await reserve(ours, LIMIT));
    expect(await reserve(theirs, LIMIT)).toMatchObject({ kind: 'reserved' });
    expect(await entitlements.commit(theirs, held, 1)).toBe(false);
    expect(await entitlements.release(theirs, held)).toBe(false);
  });

  it('starts again with its period; what was reserved before is charged to the one before', async () => {
    const tenantId = await newTenant();
    await test.rows(`update clock set ahead = ahead + interval '21 days'`);
    const early = await reserve(tenantId, LIMIT);
    expect(await reserve(tenantId, 1)).toMatchObject({ kind: 'exceeded' });
    await test.rows(
      `update clock set ahead = date_trunc('month', now() + ahead, 'UTC') + interval '1 month' - now() - interval '1 minute'`,
    );
    const late = await newTenant();
    const lateHold = idOf(await reserve(late, LIMIT));
    await test.rows(`update clock set ahead = ahead + interval '2 minutes'`);
    expect(await entitlements.commit(late, lateHold, LIMIT)).toBe(true);
    expect(await reserve(late, LIMIT)).toMatchObject({ kind: 'reserved' });
    expect(await reserve(tenantId, LIMIT)).toMatchObject({ kind: 'reserved' });
    expect(early.kind).toBe('reserved');
    await test.rows(`update clock set ahead = ahead + interval '10 days'`);
  });

  it("that the plan does not meter is not the tenant's", async () => {
    const tenantId = await newTenant();
    expect(await reserve(tenantId, 1, newId(), 'sso')).toEqual({ kind: 'notEntitled' });
    expect(await reserve(tenantId, 1, newId(), 'unknown')).toEqual({ kind: 'notEntitled' });
  });

  it('is committed with what was really used, twice if need be, and never with more than was reserved', async () => {
    const tenantId = await newTenant();
    const reservation = idOf(await reserve(tenantId, 5));
    await expect(entitlements.commit(tenantId, reservation, 6)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(await entitlements.commit(tenantId, reservation, 2)).toBe(true);
    expect(await entitlements.commit(tenantId, reservation, 2)).toBe(true);
    expect(await entitlements.release(tenantId, reservation)).toBe(false);
    expect(await balance(tenantId)).toEqual({ used: 2, held: 0 });
  });

  it('has its expired reservations given back once, to everyone who asks at once', async () => {
    const tenantId = await newTenant();
    const stale = idOf(await reserve(tenantId, LIMIT));
    await test.advance('16 minutes');
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => reserve(tenantId, 1)));
    expect(outcomes.filter(({ kind }) => kind === 'reserved')).toHaveLength(LIMIT);
    expect(await entitlements.commit(tenantId, stale, 1)).toBe(false);
    expect(await balance(tenantId)).toEqual({ used: 0, held: LIMIT });
  });

  it('behaves as plain integers do', async () => {
    const pick = fc.nat({ max: 20 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('reserve' as const), amount: fc.integer({ min: 1, max: LIMIT + 2 }) }),
      fc.record({ do: fc.constant('repeat' as const), which: pick }),
      fc.record({ do: fc.constant('commit' as const), which: pick, share: fc.integer({ min: 0, max: 100 }) }),
      fc.record({ do: fc.constant('release' as const), which: pick }),
      fc.record({ do: fc.constant('expire' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const tenantId = await newTenant();
        const model: { id: string; key: string; amount: number; open: boolean; committed: number | null }[] = [];
        const taken = () =>
          model.reduce((sum, { open, amount, committed }) => sum + (open ? amount : (committed ?? 0)), 0);

        for (const step of steps) {
          if (step.do === 'expire') {
            await test.advance('16 minutes');
            for (const reservation of model) reservation.open = false;
          } else if (step.do === 'reserve') {
            const key = newId();
            const outcome = await reserve(tenantId, step.amount, key);
            expect(outcome.kind).toBe(taken() + step.amount <= LIMIT ? 'reserved' : 'exceeded');
            if (outcome.kind === 'reserved')
              model.push({ id: outcome.reservationId, key, amount: step.amount, open: true, committed: null });
          } else {
            const reservation = model[step.which % Math.max(model.length, 1)];
            if (!reservation) continue;
            if (step.do === 'repeat')
              expect(idOf(await reserve(tenantId, reservation.amount, reservation.key))).toBe(reservation.id);
            if (step.do === 'commit') {
              const actual = Math.floor((reservation.amount * step.share) / 100);
              expect(await entitlements.commit(tenantId, reservation.id, actual)).toBe(
                reservation.open || reservation.committed !== null,
              );
              if (reservation.open) Object.assign(reservation, { open: false, committed: actual });
            }
            if (step.do === 'release') {
              expect(await entitlements.release(tenantId, reservation.id)).toBe(reservation.open);
              reservation.open = false;
            }
          }
        }
        expect(await balance(tenantId)).toMatchObject({
          used: model.reduce((sum, { committed }) => sum + (committed ?? 0), 0),
        });
      }),
      { numRuns: 40 },
    );
  });
});
