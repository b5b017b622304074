import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTenantId, type EntitlementsPort, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import fc from 'fast-check';
import { OPERATOR } from '../audit/origin.js';
import { changePlan } from '../flows/entitlements/change-plan.js';
import { grantFeature } from '../flows/entitlements/grant-feature.js';
import { removeFeatureOverride } from '../flows/entitlements/remove-feature-override.js';
import { setFeatureOverride } from '../flows/entitlements/set-feature-override.js';
import { voidFeatureGrant } from '../flows/entitlements/void-feature-grant.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { reserveWith } from './reserve.js';

const QUOTAS = { small: 5, large: 12 } as const;
type Plan = keyof typeof QUOTAS;
const FEATURE = 'notes';
const MINUTE = 60_000;

let test: TestIdentity;
let entitlements: EntitlementsPort;
/** As if in processes of their own: nobody goes together with those of another. */
let processes: readonly EntitlementsPort['reserve'][];
beforeAll(async () => {
  test = await openTestIdentity();
  entitlements = test.identity.ports.entitlements;
  processes = [entitlements.reserve, reserveWith(test.flows.db)];
  for (const [plan, limit] of Object.entries(QUOTAS)) {
    await test.rows('insert into plans (name, title) values ($1, $1)', [plan]);
    const definition = { kind: 'metered', limit, per: 'month' };
    await test.rows('insert into plan_features values ($1, $2, $3)', [plan, FEATURE, definition]);
  }
});
afterAll(() => test.close());

const now = async (): Promise<number> =>
  (await test.rows<{ now: Date }>('select stack_now() as now'))[0]!.now.getTime();

/** Noon of the 10th of the next month: nothing but a step of its own crosses a reset. */
const toNextMonth = () =>
  test.rows(`update clock set ahead = ahead +
    ((date_trunc('month', stack_now() at time zone 'UTC') + interval '1 month 9 days 12 hours') at time zone 'UTC' - stack_now())`);

let tenants = 0;
async function newTenant(plan: Plan): Promise<TenantId> {
  const id = parseTenantId(newId());
  await test.rows(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Modelled', $3)`, [
    id,
    `model-${++tenants}`,
    plan,
  ]);
  return id;
}

interface Grant {
  readonly id: string;
  readonly amount: number;
  readonly priority: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  voided: boolean;
}

interface Entry {
  readonly id: string;
  readonly key: string;
  readonly amount: number;
  readonly period: number;
  readonly expiresAt: number;
  /** What came from which grant, as it burns; the rest is the quota's. */
  readonly parts: readonly { readonly grant: Grant; readonly amount: number }[];
  state: 'reserved' | 'committed' | 'released';
  actual: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** What a tenant has, in plain integers. */
class Model {
  override: { readonly limit: number; readonly per: 'day' | 'month'; readonly expiresAt: number } | null = null;
  readonly grants: Grant[] = [];
  readonly entries: Entry[] = [];
  constructor(
    public plan: Plan,
    /** Epoch milliseconds, as the ledger's clock has it. */
    public now: number,
  ) {}

  definition() {
    const own = this.override && this.override.expiresAt > this.now ? this.override : null;
    return own ?? ({ limit: QUOTAS[this.plan], per: 'month' } as const);
  }
  period(next = 0): number {
    const at = new Date(this.now);
    const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
    return this.definition().per === 'day' ? Date.UTC(year, month, day + next) : Date.UTC(year, month + next, 1);
  }
  isOpen(entry: Entry): boolean {
    return entry.state === 'reserved' && entry.expiresAt > this.now;
  }

  /** What a reservation takes, or took: of the quota, and of each of its grants. */
  static burned({ amount, parts, state, actual }: Entry) {
    const ofQuota = amount - sum(parts.map((part) => part.amount));
    let left = state === 'reserved' ? amount : actual;
    const take = (most: number): number => {
      const taken = Math.min(most, left);
      left -= taken;
      return taken;
    };
    return { ofQuota: take(ofQuota), ofGrants: parts.map(({ grant, amount }) => ({ grant, amount: take(amount) })) };
  }
  counts(entry: Entry): boolean {
    return entry.state === 'committed' || this.isOpen(entry);
  }

  takenOf(grant: Grant): number {
    const all = this.entries.filter((entry) => this.counts(entry)).flatMap((entry) => Model.burned(entry).ofGrants);
    return sum(all.filter((part) => part.grant === grant).map(({ amount }) => amount));
  }
  leftOf(grant: Grant): number {
    return grant.voided || grant.expiresAt <= this.now ? 0 : grant.amount - this.takenOf(grant);
  }
  burning(): readonly Grant[] {
    const first = (a: Grant, b: Grant) =>
      a.priority - b.priority ||
      Number(a.expiresAt > b.expiresAt) - Number(a.expiresAt < b.expiresAt) ||
      (a.id < b.id ? -1 : 1);
    return this.grants.filter((grant) => this.leftOf(grant) > 0).sort(first);
  }

  ofPeriod(isWanted: (entry: Entry) => boolean) {
    const entries = this.entries.filter((entry) => entry.period === this.period() && isWanted(entry));
    const burned = entries.map((entry) => Model.burned(entry));
    return {
      ofQuota: sum(burned.map(({ ofQuota }) => ofQuota)),
      ofGrants: sum(burned.flatMap(({ ofGrants }) => ofGrants.map(({ amount }) => amount))),
    };
  }
  quotaLeft(): number {
    const { ofQuota } = this.ofPeriod((entry) => this.counts(entry));
    return Math.max(this.definition().limit - ofQuota, 0);
  }
  usage() {
    const used = this.ofPeriod(({ state }) => state === 'committed');
    const held = this.ofPeriod((entry) => this.isOpen(entry));
    const left = sum(this.burning().map((grant) => this.leftOf(grant)));
    const { limit } = this.definition();
    const quota = left > 0 ? Math.max(limit, used.ofQuota + held.ofQuota) : limit;
    return {
      used: used.ofQuota + used.ofGrants,
      held: held.ofQuota + held.ofGrants,
      limit: quota + used.ofGrants + held.ofGrants + left,
      resetsAt: new Date(this.period(1)).toISOString(),
    };
  }
}

const which = fc.nat({ max: 30 });
/** Half minutes: what waits whole ones never meets an end to the millisecond. */
const lasting = fc.constantFrom(null, 2.5, 10.5, 40.5);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      amounts: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit' as const), which, share: fc.nat({ max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
  fc.record({ do: fc.constant('repeat' as const), which }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      amount: fc.integer({ min: 1, max: 9 }),
      priority: fc.constantFrom(1, 2),
      minutes: lasting,
    }),
  },
  fc.record({ do: fc.constant('void' as const), which }),
  fc.record({
    do: fc.constant('override' as const),
    limit: fc.nat({ max: 9 }),
    per: fc.constantFrom('day' as const, 'month' as const),
    minutes: lasting,
  }),
  fc.record({ do: fc.constant('plan rules again' as const) }),
  fc.record({ do: fc.constant('plan' as const), plan: fc.constantFrom<Plan>('small', 'large') }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(4, 16) }) },
  fc.record({ do: fc.constant('next month' as const) }),
  fc.record({ do: fc.constant('sweep' as const) }),
);

/** All at once; the model follows whatever order they came in, since each takes the same from the same places. */
async function reserveAtOnce(tenantId: TenantId, model: Model, amounts: readonly number[]): Promise<void> {
  const asked = amounts.map((amount) => ({ tenantId, feature: FEATURE, amount, idempotencyKey: newId() }));
  const [quotaLeft, period] = [model.quotaLeft(), model.period()];
  const burning = model.burning().map((grant) => ({ grant, left: model.leftOf(grant) }));
  const outcomes = await Promise.all(asked.map((request, index) => processes[index % processes.length]!(request)));

  const accepted = outcomes.flatMap((outcome, index) =>
    outcome.kind === 'reserved' ? [{ ...outcome, ...asked[index]! }] : [],
  );
  const total = sum(accepted.map(({ amount }) => amount));
  const free = quotaLeft + sum(burning.map(({ left }) => left));
  expect(total).toBeLessThanOrEqual(free); // never one too many
  for (const [index, { kind }] of outcomes.entries())
    if (kind !== 'reserved') expect([kind, amounts[index]! > free - total]).toEqual(['exceeded', true]);

  const parts = await test.rows<{ reservation: string; id: string; amount: number }>(
    `select reservation_id as reservation, grant_id as id, amount::int from reservation_grants
     where tenant_id = $1 and reservation_id = any ($2) order by position`,
    [tenantId, accepted.map(({ reservationId }) => reservationId)],
  );
  let beyond = Math.max(total - quotaLeft, 0);
  const expected = burning.flatMap(({ grant, left }) => {
    const amount = Math.min(left, beyond);
    beyond -= amount;
    return amount > 0 ? [{ id: grant.id, amount }] : [];
  });
  const taken = expected.map(({ id }) => ({
    id,
    amount: sum(parts.filter((part) => part.id === id).map(({ amount }) => amount)),
  }));
  expect(taken).toEqual(expected);
  expect(sum(parts.map(({ amount }) => amount))).toBe(sum(expected.map(({ amount }) => amount)));

  const order = burning.map(({ grant }) => grant.id);
  for (const { reservationId: id, amount, idempotencyKey: key, expiresAt } of accepted) {
    const own = parts.filter(({ reservation }) => reservation === id);
    expect(own.map((part) => part.id)).toEqual(order.filter((grant) => own.some((part) => part.id === grant)));
    model.entries.push({
      ...{ id, key, amount, period, state: 'reserved', actual: 0, expiresAt: Date.parse(expiresAt) },
      parts: own.map((part) => ({ grant: model.grants.find((grant) => grant.id === part.id)!, amount: part.amount })),
    });
  }
}

type Step = typeof step extends fc.Arbitrary<infer Taken> ? Taken : never;

async function take(step: Step, tenantId: TenantId, model: Model): Promise<void> {
  const { flows } = test;
  const tenant = tenantId;
  const entry = 'which' in step ? model.entries[step.which % Math.max(model.entries.length, 1)] : undefined;
  const expiresAt = 'minutes' in step && step.minutes !== null ? new Date(model.now + step.minutes * MINUTE) : null;
  switch (step.do) {
    case 'reserve':
      return reserveAtOnce(tenantId, model, step.amounts);
    case 'commit': {
      if (!entry) return;
      const actual = Math.floor((entry.amount * step.share) / 100);
      expect(await entitlements.commit(tenantId, entry.id, actual)).toBe(model.counts(entry));
      if (model.isOpen(entry)) Object.assign(entry, { state: 'committed', actual });
      return;
    }
    case 'release':
      if (!entry) return;
      expect(await entitlements.release(tenantId, entry.id)).toBe(model.isOpen(entry));
      if (model.isOpen(entry)) entry.state = 'released';
      return;
    case 'repeat': {
      if (!entry) return;
      const again = { tenantId, feature: FEATURE, amount: entry.amount, idempotencyKey: entry.key };
      expect(await entitlements.reserve(again)).toMatchObject({ kind: 'reserved', reservationId: entry.id });
      return;
    }
    case 'grant': {
      const { amount, priority } = step;
      const input = { tenant, feature: FEATURE, amount, priority, source: 'a test', expiresAt };
      const { grantId: id } = await grantFeature(input, OPERATOR, flows);
      model.grants.push({ id, amount, priority, voided: false, expiresAt: expiresAt?.getTime() ?? Infinity });
      return;
    }
    case 'void': {
      const grant = model.grants[step.which % Math.max(model.grants.length, 1)];
      if (!grant || grant.voided) return;
      await voidFeatureGrant({ tenant, id: grant.id, reason: 'a test' }, OPERATOR, flows);
      grant.voided = true;
      return;
    }
    case 'override': {
      const definition = { kind: 'metered', limit: step.limit, per: step.per } as const;
      await setFeatureOverride({ tenant, feature: FEATURE, reason: 'a test', definition, expiresAt }, OPERATOR, flows);
      model.override = { ...definition, expiresAt: expiresAt?.getTime() ?? Infinity };
      return;
    }
    case 'plan rules again': {
      const removal = removeFeatureOverride({ tenant, feature: FEATURE, reason: 'a test' }, OPERATOR, flows);
      if (model.override && model.override.expiresAt > model.now) await removal;
      else await expect(removal).rejects.toThrow('No such override.');
      model.override = null;
      return;
    }
    case 'plan':
      await changePlan({ tenant, plan: step.plan }, OPERATOR, flows);
      model.plan = step.plan;
      return;
    case 'wait':
      await test.advance(`${step.minutes} minutes`);
      model.now = await now();
      return;
    case 'next month':
      await toNextMonth();
      model.now = await now();
      return;
    case 'sweep':
      await test.identity.maintenance.sweepReservations();
  }
}

describe('A metered feature with overrides, grants and changes of plan', () => {
  it('behaves as plain integers do: never one too many, whoever asks at once, and every grant burns in its turn', async () => {
    const started = fc.constantFrom<Plan>('small', 'large');
    await fc.assert(
      fc.asyncProperty(started, fc.array(step, { minLength: 3, maxLength: 25 }), async (plan, steps) => {
        const tenantId = await newTenant(plan);
        await toNextMonth();
        const model = new Model(plan, await now());
        for (const step of steps) {
          await take(step, tenantId, model);
          expect(await entitlements.usage(tenantId, FEATURE)).toEqual(model.usage());
        }
        const used = await test.rows(
          'select used::int from feature_grant_balances where tenant_id = $1 order by grant_id',
          [tenantId],
        );
        const committed = new Model(plan, model.now);
        committed.entries.push(...model.entries.filter(({ state }) => state === 'committed'));
        const byId = [...model.grants].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(used).toEqual(byId.map((grant) => ({ used: committed.takenOf(grant) })));
        expect(await test.identity.maintenance.recomputeBalances()).toMatchObject({ repaired: 0 });
      }),
      { numRuns: 25 },
    );
  });
});
