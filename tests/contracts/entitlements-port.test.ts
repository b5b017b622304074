import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  identityClient,
  parseTenantId,
  RESERVATIONS_PAGE,
  type EntitlementsPort,
  type Feature,
  type FeatureUsage,
  type Reservation,
  type ReserveOutcome,
  type TenantId,
} from '@inevitable/contract';
import { defineSubgraph, newId, type SubgraphDeclaration } from '@inevitable/kit';
import { testEntitlements, testSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import fc from 'fast-check';
import { openTestIdentity } from '../../identity/service/testing/open-test-identity.js';
import { serveInternalApi } from '../../identity/service/testing/serve-internal-api.js';

const LIMIT = 10;
const MANY = 100_000;
const LASTS_MS = 15 * 60_000;
const features = {
  'ledger.notes': { tiny: { kind: 'metered', limit: LIMIT, per: 'month' } },
  'ledger.exports': { tiny: { kind: 'metered', limit: LIMIT, per: 'day' } },
  'ledger.many': { tiny: { kind: 'metered', limit: MANY, per: 'month' } },
  'ledger.nothing': { tiny: { kind: 'metered', limit: 0, per: 'month' } },
  'ledger.sso': { tiny: { kind: 'boolean', enabled: true }, huge: { kind: 'boolean', enabled: false } },
} as const satisfies Record<string, Record<string, Feature>>;

/** One implementation of the port, where every new tenant has the plan `tiny`. */
interface Ledger {
  readonly port: EntitlementsPort;
  newTenant(): Promise<TenantId>;
  advance(seconds: number): Promise<void>;
  close(): Promise<void>;
}

async function inMemory(): Promise<Ledger> {
  const tenants = new Set<TenantId>();
  const port = testEntitlements({ features, planOf: (id) => (tenants.has(id) ? 'tiny' : null) });
  return {
    port,
    newTenant() {
      const id = parseTenantId(newId());
      tenants.add(id);
      return Promise.resolve(id);
    },
    advance: async (seconds) => port.clock.advance({ seconds }),
    close: () => Promise.resolve(),
  };
}

const ofIdentity = (remote: boolean) => async (): Promise<Ledger> => {
  const test = await openTestIdentity();
  await test.rows(`insert into plans (name, title) values ('tiny', 'Tiny')`);
  await test.rows(
    `insert into plan_features (plan, feature, definition)
     select 'tiny', f.key, f.value -> 'tiny' from jsonb_each($1::jsonb) f`,
    [features],
  );
  const served = remote ? await serveInternalApi(test.identity) : null;
  let tenants = 0;
  return {
    port: (served ? identityClient(served.url, test.product) : test.identity.ports).entitlements,
    async newTenant() {
      const id = parseTenantId(newId());
      await test.rows(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Tiny', 'tiny')`, [
        id,
        `tiny-${++tenants}`,
      ]);
      return id;
    },
    advance: (seconds) => test.advance(`${seconds} seconds`),
    async close() {
      await served?.close();
      await test.close();
    },
  };
};

describe.each<[string, () => Promise<Ledger>]>([
  ['of product tests, in memory,', inMemory],
  ['of core-identity, in one process,', ofIdentity(false)],
  ['of core-identity, over HTTP,', ofIdentity(true)],
])('The ledger %s', (_name, open) => {
  let ledger: Ledger;
  let port: EntitlementsPort;
  let ahead = 0;
  beforeAll(async () => {
    ledger = await open();
    port = ledger.port;
  });
  afterAll(() => ledger.close());

  const now = () => new Date(Date.now() + ahead * 1_000);
  async function advance(seconds: number): Promise<void> {
    ahead += seconds;
    await ledger.advance(seconds);
  }
  /** Noon of the 10th of the next month: nothing that a test lets pass by chance crosses a reset. */
  const toNextMonth = () =>
    advance(Math.round((Date.UTC(now().getUTCFullYear(), now().getUTCMonth() + 1, 10, 12) - now().getTime()) / 1_000));
  const nextMonth = () => new Date(Date.UTC(now().getUTCFullYear(), now().getUTCMonth() + 1, 1)).toISOString();
  const nextDay = () =>
    new Date(Date.UTC(now().getUTCFullYear(), now().getUTCMonth(), now().getUTCDate() + 1)).toISOString();
  beforeAll(() => toNextMonth());

  const reserve = (tenantId: TenantId, amount: number, idempotencyKey = newId(), feature = 'ledger.notes') =>
    port.reserve({ tenantId, feature, amount, idempotencyKey });
  const held = (outcome: ReserveOutcome): string => {
    if (outcome.kind !== 'reserved') throw new Error(`Not reserved: ${JSON.stringify(outcome)}`);
    return outcome.reservationId;
  };
  const usage = (tenantId: TenantId, feature = 'ledger.notes') => port.usage(tenantId, feature);
  const used = (used: number, held = 0): FeatureUsage => ({ used, held, limit: LIMIT, resetsAt: nextMonth() });
  const list = (
    tenantId: TenantId,
    which: { ids?: readonly string[]; state?: Reservation['state']; after?: string; feature?: string } = {},
  ) => port.reservations({ tenantId, feature: 'ledger.notes', after: null, ...which });
  const badInput = (field: string) => ({ code: 'BAD_USER_INPUT', details: { field } });

  describe('answers what is used and held', () => {
    it('as nothing, where nobody used the feature yet', async () => {
      const tenantId = await ledger.newTenant();
      expect(await usage(tenantId)).toEqual(used(0));
      expect(await usage(tenantId, 'ledger.exports')).toEqual({ ...used(0), resetsAt: nextDay() });
      expect(await usage(tenantId, 'ledger.nothing')).toEqual({ ...used(0), limit: 0 });
    });

    it('as null, where the plan does not meter the feature, and where there is no such tenant', async () => {
      const tenantId = await ledger.newTenant();
      expect(await usage(tenantId, 'ledger.sso')).toBeNull();
      expect(await usage(tenantId, 'ledger.unknown')).toBeNull();
      expect(await usage(tenantId, 'constructor')).toBeNull();
      expect(await usage(parseTenantId(newId()))).toBeNull();
    });

    it('with what was really used, and without what was given back', async () => {
      const tenantId = await ledger.newTenant();
      const [first, second] = [held(await reserve(tenantId, 4)), held(await reserve(tenantId, 3))];
      expect(await usage(tenantId)).toEqual(used(0, 7));
      await port.commit(tenantId, first, 2);
      expect(await usage(tenantId)).toEqual(used(2, 3));
      await port.release(tenantId, second);
      expect(await usage(tenantId)).toEqual(used(2));
    });

    it('without what nobody settled within 15 minutes, whether or not it was swept', async () => {
      const tenantId = await ledger.newTenant();
      await reserve(tenantId, 4);
      await advance(10 * 60);
      await reserve(tenantId, 3);
      expect(await usage(tenantId)).toEqual(used(0, 7));
      await advance(6 * 60);
      expect(await usage(tenantId)).toEqual(used(0, 3));
      expect(await reserve(tenantId, LIMIT - 3)).toMatchObject({ kind: 'reserved' });
      expect(await usage(tenantId)).toEqual(used(0, LIMIT));
    });

    it('of the period that runs: what was reserved before is charged to the one before', async () => {
      const tenantId = await ledger.newTenant();
      const untilTheEnd = (new Date(nextMonth()).getTime() - now().getTime()) / 1_000;
      await advance(Math.floor(untilTheEnd) - 60);
      const late = held(await reserve(tenantId, LIMIT));
      await advance(120);
      expect(await usage(tenantId)).toEqual(used(0));
      expect(await port.commit(tenantId, late, LIMIT)).toBe(true);
      expect(await usage(tenantId)).toEqual(used(0));
      expect(await reserve(tenantId, LIMIT)).toMatchObject({ kind: 'reserved' });
      await toNextMonth();
    });

    it('of one tenant alone', async () => {
      const [ours, theirs] = [await ledger.newTenant(), await ledger.newTenant()];
      const ourHold = held(await reserve(ours, LIMIT));
      expect(await usage(theirs)).toEqual(used(0));
      expect(await list(theirs, { ids: [ourHold] })).toEqual([]);
      expect(await port.commit(theirs, ourHold, 1)).toBe(false);
      expect(await port.release(theirs, ourHold)).toBe(false);
      expect(await usage(ours)).toEqual(used(0, LIMIT));
    });
  });

  describe('lists reservations', () => {
    it('with all that became of them, in the order of their ids', async () => {
      const tenantId = await ledger.newTenant();
      const expired = held(await reserve(tenantId, 5, 'expired'));
      await advance(16 * 60);
      const before = now().getTime();
      const [committed, released, open] = [
        held(await reserve(tenantId, 3, 'committed')),
        held(await reserve(tenantId, 2, 'released')),
        held(await reserve(tenantId, 1, 'open')),
      ];
      await port.commit(tenantId, committed, 2);
      await port.release(tenantId, released);
      const entry = (id: string, state: Reservation['state'], amount: number, actual: number | null, key: string) => ({
        id,
        state,
        amount,
        actual,
        idempotencyKey: key,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      });
      const all = [
        entry(expired, 'expired', 5, null, 'expired'),
        entry(committed, 'committed', 3, 2, 'committed'),
        entry(released, 'released', 2, 0, 'released'),
        entry(open, 'reserved', 1, null, 'open'),
      ].sort((a, b) => (a.id < b.id ? -1 : 1));
      const listed = await list(tenantId);
      expect(listed).toEqual(all);
      const createdAt = new Date(listed.find(({ id }) => id === committed)!.createdAt).getTime();
      expect(Math.abs(createdAt - before)).toBeLessThan(60_000);

      for (const { id, state } of all)
        expect(await list(tenantId, { state })).toEqual(all.filter((one) => one.id === id));
      expect(await list(tenantId, { ids: [open, newId(), expired] })).toEqual(
        all.filter(({ id }) => id === open || id === expired),
      );
      expect(await list(tenantId, { ids: [open, expired], state: 'expired' })).toEqual([
        expect.objectContaining({ id: expired }),
      ]);
      expect(await list(tenantId, { ids: [] })).toEqual([]);
      expect(await list(tenantId, { after: all[1]!.id })).toEqual(all.slice(2));
      expect(await list(tenantId, { feature: 'ledger.many' })).toEqual([]);
    });

    it('of the period that runs and of the one before, and of none before that', async () => {
      const tenantId = await ledger.newTenant();
      const first = held(await reserve(tenantId, 1));
      await port.commit(tenantId, first, 1);
      await toNextMonth();
      const second = held(await reserve(tenantId, 1));
      expect((await list(tenantId)).map(({ id }) => id)).toEqual([first, second].sort());
      await toNextMonth();
      expect(await list(tenantId)).toMatchObject([{ id: second, state: 'expired' }]);
      expect(await list(tenantId, { ids: [first, second] })).toMatchObject([{ id: second }]);
      await toNextMonth();
      expect(await list(tenantId)).toEqual([]);
    });

    it(`in pages of ${RESERVATIONS_PAGE}, each of them once, until a page is empty`, async () => {
      const tenantId = await ledger.newTenant();
      const ids: string[] = [];
      for (let made = 0; made < RESERVATIONS_PAGE + 40; made += 20) {
        const some = Array.from({ length: 20 }, () => reserve(tenantId, 1, newId(), 'ledger.many'));
        ids.push(...(await Promise.all(some)).map(held));
      }
      await Promise.all(ids.slice(0, 30).map((id) => port.commit(tenantId, id, 1)));
      const pages: (readonly Reservation[])[] = [];
      do {
        const after = pages.at(-1)?.at(-1)?.id;
        pages.push(await list(tenantId, { feature: 'ledger.many', ...(after && { after }) }));
      } while (pages.at(-1)!.length > 0 && pages.length < 5);
      expect(pages.map(({ length }) => length)).toEqual([RESERVATIONS_PAGE, 40, 0]);
      expect(pages.flat().map(({ id }) => id)).toEqual([...ids].sort());
    });

    it('of nobody for a tenant that does not exist', async () => {
      expect(await list(parseTenantId(newId()))).toEqual([]);
    });
  });

  describe('refuses', () => {
    it(`more than ${RESERVATIONS_PAGE} ids at once, and what is no id`, async () => {
      const tenantId = await ledger.newTenant();
      const ids = Array.from({ length: RESERVATIONS_PAGE + 1 }, newId);
      await expect(list(tenantId, { ids })).rejects.toMatchObject(badInput('ids'));
      expect(await list(tenantId, { ids: ids.slice(1) })).toEqual([]);
      await expect(list(tenantId, { ids: [newId(), 'acme'] })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      await expect(list(tenantId, { after: 'acme' })).rejects.toMatchObject(badInput('after'));
    });

    it.each([0, -1, 1.5, NaN, Infinity])('to reserve %d', async (amount) => {
      const tenantId = await ledger.newTenant();
      await expect(reserve(tenantId, amount)).rejects.toMatchObject(badInput('amount'));
      expect(await list(tenantId)).toEqual([]);
    });

    it.each([-1, 1.5, NaN, 6])('to commit %d of 5', async (actual) => {
      const tenantId = await ledger.newTenant();
      const reservation = held(await reserve(tenantId, 5));
      await expect(port.commit(tenantId, reservation, actual)).rejects.toMatchObject(badInput('actual'));
      expect(await usage(tenantId)).toEqual(used(0, 5));
    });

    it('what the plan does not meter, and names limit and reset of what is used up', async () => {
      const tenantId = await ledger.newTenant();
      const notEntitled = { kind: 'notEntitled' };
      expect(await reserve(tenantId, 1, newId(), 'ledger.sso')).toEqual(notEntitled);
      expect(await reserve(tenantId, 1, newId(), 'ledger.unknown')).toEqual(notEntitled);
      expect(await reserve(parseTenantId(newId()), 1)).toEqual(notEntitled);
      const exceeded = { kind: 'exceeded', limit: LIMIT, resetsAt: nextMonth() };
      expect(await reserve(tenantId, LIMIT + 1)).toEqual(exceeded);
      await reserve(tenantId, LIMIT);
      expect(await reserve(tenantId, 1)).toEqual(exceeded);
      expect(await reserve(tenantId, 1, newId(), 'ledger.nothing')).toEqual({ ...exceeded, limit: 0 });
      expect(await reserve(tenantId, LIMIT + 1, newId(), 'ledger.exports')).toEqual({
        ...exceeded,
        resetsAt: nextDay(),
      });
    });
  });

  it('reserves once for one key, however often and at once it is asked, and for 15 minutes', async () => {
    const tenantId = await ledger.newTenant();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => reserve(tenantId, 3, 'one key')));
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    const [first] = outcomes;
    expect(first).toEqual({ kind: 'reserved', reservationId: expect.any(String), expiresAt: expect.any(String) });
    if (first?.kind === 'reserved')
      expect(Math.abs(new Date(first.expiresAt).getTime() - now().getTime() - LASTS_MS)).toBeLessThan(60_000);
    expect(await usage(tenantId)).toEqual(used(0, 3));
    expect(held(await reserve(tenantId, 3, 'one key', 'ledger.many'))).not.toBe(held(first!));
    await port.release(tenantId, held(first!));
    expect(await reserve(tenantId, 3, 'one key')).toEqual(first);
  });

  it('describes a plan with a digest of its own', async () => {
    const [one, another] = [await ledger.newTenant(), await ledger.newTenant()];
    const described = await port.describe(one);
    expect(described).toEqual({
      plan: 'tiny',
      digest: expect.stringMatching(/^[\w-]{22}$/),
      features: Object.fromEntries(Object.entries(features).map(([name, { tiny }]) => [name, tiny])),
    });
    expect(await port.describe(another)).toEqual(described);
    await expect(port.describe(parseTenantId(newId()))).rejects.toThrow('No such tenant');
  });

  it('behaves as plain integers do, and never gives one too many, however many reserve at once', async () => {
    const which = fc.nat({ max: 20 });
    const amount = fc.integer({ min: 1, max: LIMIT + 2 });
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('reserve' as const),
          amounts: fc.array(amount, { minLength: 1, maxLength: 6 }),
        }),
      },
      fc.record({ do: fc.constant('repeat' as const), which }),
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('commit' as const), which, share: fc.integer({ min: 0, max: 100 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), which }) },
      fc.record({ do: fc.constant('expire' as const) }),
      fc.record({ do: fc.constant('next month' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const tenantId = await ledger.newTenant();
        await toNextMonth();
        let month = 0;
        const model: { -readonly [Key in keyof Reservation]: Reservation[Key] }[] = [];
        const monthOf = new Map<string, number>();
        const ofThisMonth = () => model.filter(({ id }) => monthOf.get(id) === month);
        const taken = (state: Reservation['state']) =>
          ofThisMonth().reduce((sum, entry) => sum + (entry.state === state ? (entry.actual ?? entry.amount) : 0), 0);
        const free = () => LIMIT - taken('committed') - taken('reserved');
        const expire = () => {
          for (const entry of model) if (entry.state === 'reserved') entry.state = 'expired';
        };

        for (const step of steps) {
          const chosen = 'which' in step ? model[step.which % Math.max(model.length, 1)] : undefined;
          if (step.do === 'expire') {
            await advance(16 * 60);
            expire();
          } else if (step.do === 'next month') {
            await toNextMonth();
            expire();
            month++;
          } else if (step.do === 'reserve') {
            const asked = step.amounts.map((amount) => ({ amount, idempotencyKey: newId() }));
            const outcomes = await Promise.all(
              asked.map(({ amount, idempotencyKey }) => reserve(tenantId, amount, idempotencyKey)),
            );
            const refused: number[] = [];
            for (const [index, outcome] of outcomes.entries()) {
              if (outcome.kind === 'reserved') {
                const { reservationId: id } = outcome;
                const createdAt = expect.any(String) as unknown as string;
                model.push({ id, ...asked[index]!, state: 'reserved', actual: null, createdAt });
                monthOf.set(id, month);
              } else refused.push(asked[index]!.amount);
            }
            expect(free()).toBeGreaterThanOrEqual(0);
            for (const amount of refused) expect(amount).toBeGreaterThan(free());
          } else if (!chosen) {
            continue;
          } else if (step.do === 'repeat') {
            expect(held(await reserve(tenantId, chosen.amount, chosen.idempotencyKey))).toBe(chosen.id);
          } else if (step.do === 'commit') {
            const actual = Math.floor((chosen.amount * step.share) / 100);
            const commits = chosen.state === 'reserved' || chosen.state === 'committed';
            expect(await port.commit(tenantId, chosen.id, actual)).toBe(commits);
            if (chosen.state === 'reserved') Object.assign(chosen, { state: 'committed', actual });
          } else {
            expect(await port.release(tenantId, chosen.id)).toBe(chosen.state === 'reserved');
            if (chosen.state === 'reserved') Object.assign(chosen, { state: 'released', actual: 0 });
          }
          expect(await usage(tenantId)).toEqual(used(taken('committed'), taken('reserved')));
        }
        const recent = model.filter(({ id }) => monthOf.get(id)! >= month - 1);
        expect(await list(tenantId)).toEqual(recent.sort((a, b) => (a.id < b.id ? -1 : 1)));
      }),
      { numRuns: 15 },
    );
  });
});

describe('A product under test', () => {
  const exporting = (limit: number): SubgraphDeclaration =>
    defineSubgraph({
      ...starter,
      jobs: [],
      features: { 'starter.exports': { pro: { kind: 'metered', limit, per: 'day' } } },
      routes: {
        'POST /starter/exports': async (_request, { entitlements }) => {
          const id = await entitlements.reserve('starter.exports', 1, newId());
          return Response.json({ id, usage: await entitlements.usage('starter.exports') });
        },
      },
    } as SubgraphDeclaration);

  it('has what it declares for the plan "pro" in a ledger of its own, whose clock is the product’s', async () => {
    const product = await testSubgraph(exporting(1));
    const ada = product.as({ tenant: 'acme', user: 'ada' });
    const reserve = () => ada.fetch('/starter/exports', { method: 'POST' });
    expect(await (await reserve()).json()).toMatchObject({ usage: { used: 0, held: 1, limit: 1 } });
    const refused = await reserve();
    expect(refused.status).toBe(403);
    expect(JSON.stringify(await refused.json())).toContain('QUOTA_EXCEEDED');
    expect(await product.as({ tenant: 'globex' }).fetch('/starter/exports', { method: 'POST' })).toMatchObject({
      status: 200,
    });
    await product.clock.advance({ seconds: 16 * 60 });
    expect((await reserve()).status).toBe(200);
    const acme = ada.context.tenant!.id;
    const states = await product.entitlements.reservations({ tenantId: acme, feature: 'starter.exports', after: null });
    expect(states).toMatchObject([{ state: 'expired' }, { state: 'reserved' }]);
    await product.close();
  });
});
