import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type Reservation } from '@inevitable/kit';
import { testEntitlements } from '@inevitable/kit/testing';
import fc from 'fast-check';
import { PLATFORMS, renewalKey, reservationKey } from '../domain/quota/quota.js';
import { renewReservation } from '../domain/quota/renew-reservation.js';
import { settleGeneration } from '../domain/quota/settle-generation.js';
import { syncQuota } from '../domain/quota/sync-quota.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../testing/open-upkeep.js';

const LIMIT = 20;
const ledger = testEntitlements({
  features: { [PLATFORMS]: { pro: { kind: 'metered', limit: LIMIT, per: 'month' } } },
});
let upkeep: Upkeep;
beforeAll(async () => {
  upkeep = await openUpkeep({ entitlements: ledger });
  // The middle of a month: minutes or hours more cross no reset.
  const now = new Date();
  const nextMonth = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 10);
  await upkeep.product.clock.advance({ seconds: Math.round((nextMonth - now.getTime()) / 1_000) });
});
afterAll(() => upkeep.close());

let tenants = 0;
const newTenant = () => {
  const name = `tenant ${++tenants}`;
  return { name, ...upkeep.tenant(name) };
};
const sync = (name: string) => upkeep.run('platformforge.sync-quota', name);
const minutes = (count: number) => upkeep.product.clock.advance({ seconds: count * 60 });

type State = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';

/** A row as it is in that state, and not settled. */
async function generation({ db }: UpkeepTenant, state: State, reservationId: string, id = newId()) {
  const endedAt = state === 'QUEUED' || state === 'RUNNING' ? null : new Date();
  return db.generation.create({
    data: { id, platformId: newId(), template: 'any', state, reservationId, requestedBy: newId(), endedAt },
  });
}

/** A generation whose job has told the ledger nothing. */
async function untold(tenant: UpkeepTenant, state: State) {
  const id = newId();
  return generation(tenant, state, await tenant.entitlements.reserve(PLATFORMS, 1, reservationKey(id)), id);
}

async function wholeLedger({ entitlements }: UpkeepTenant): Promise<readonly Reservation[]> {
  const all: Reservation[] = [];
  for (let after: string | null = null; ;) {
    const page: readonly Reservation[] = await entitlements.reservations(PLATFORMS, { after });
    if (!page.length) return all;
    all.push(...page);
    after = page.at(-1)!.id;
  }
}
const stateOf = async (tenant: UpkeepTenant, id: string) =>
  (await wholeLedger(tenant)).find((reservation) => reservation.id === id)?.state;
const balance = async ({ entitlements }: UpkeepTenant) => {
  const { used, held } = (await entitlements.usage(PLATFORMS))!;
  return { used, held };
};
const isSettled = async ({ db }: UpkeepTenant, id: string) =>
  (await db.generation.findFirstOrThrow({ where: { id } })).settledAt !== null;

describe('Comparing the ledger with the rows', () => {
  it('does nothing where they agree', async () => {
    const tenant = newTenant();
    const row = await untold(tenant, 'SUCCEEDED');
    await settleGeneration(row.id, { ...tenant, log: console });
    await untold(tenant, 'RUNNING');
    expect(await sync(tenant.name)).toEqual({
      state: 'succeeded',
      note: 'ledger and rows agree',
      error: null,
      log: [],
    });
    expect(await balance(tenant)).toEqual({ used: 1, held: 1 });
  });

  it('tells the ledger what became of generations, where their jobs did not', async () => {
    const tenant = newTenant();
    const [made, failed, cancelled] = [
      await untold(tenant, 'SUCCEEDED'),
      await untold(tenant, 'FAILED'),
      await untold(tenant, 'CANCELLED'),
    ];
    const run = await sync(tenant.name);
    expect(run).toMatchObject({ state: 'succeeded', note: '3 differences repaired, 0 reported' });
    expect(run.log).toEqual([
      expect.stringMatching(/^warn: a generation succeeded, and nobody had noted that it is charged: it is \{/),
      expect.stringMatching(
        /^warn: a generation did not succeed, and nobody had noted that its reservation is given back/,
      ),
      expect.stringMatching(/^warn: a generation did not succeed/),
    ]);
    expect(run.log[0]).toContain(made.id);
    for (const { id } of [made, failed, cancelled]) expect(await isSettled(tenant, id)).toBe(true);
    expect(await balance(tenant)).toEqual({ used: 1, held: 0 });
    expect(await sync(tenant.name)).toMatchObject({ note: 'ledger and rows agree' });
  });

  it('charges a generation anew whose reservation had expired before anybody told the ledger', async () => {
    const tenant = newTenant();
    const { id, reservationId } = await untold(tenant, 'SUCCEEDED');
    await minutes(16);
    const run = await sync(tenant.name);
    expect(run.note).toBe('1 differences repaired, 0 reported');
    expect(run.log[0]).toMatch(
      /^warn: a generation succeeded whose reservation was given back: another one is charged/,
    );
    const row = await tenant.db.generation.findFirstOrThrow({ where: { id } });
    expect(row.reservationId).not.toBe(reservationId);
    expect(await stateOf(tenant, row.reservationId)).toBe('committed');
    expect(await balance(tenant)).toEqual({ used: 1, held: 0 });
  });

  it('charges anew what was settled, and is not charged', async () => {
    const tenant = newTenant();
    const { id, reservationId } = await untold(tenant, 'SUCCEEDED');
    await tenant.entitlements.release(reservationId);
    await tenant.db.generation.updateMany({ where: { id }, data: { settledAt: new Date() } });
    expect(await sync(tenant.name)).toMatchObject({ note: '1 differences repaired, 0 reported' });
    expect(await balance(tenant)).toEqual({ used: 1, held: 0 });
    expect(await sync(tenant.name)).toMatchObject({ note: 'ledger and rows agree' });
  });

  it('reports a generation for which no quota is left, each time, and charges it once there is', async () => {
    const tenant = newTenant();
    const { id } = await untold(tenant, 'SUCCEEDED');
    await minutes(16);
    const others = await tenant.entitlements.reserve(PLATFORMS, LIMIT, 'something else');
    for (let runs = 0; runs < 2; runs += 1) {
      const run = await sync(tenant.name);
      expect(run).toMatchObject({ state: 'succeeded', note: '0 differences repaired, 1 reported' });
      expect(run.log).toEqual([
        expect.stringMatching(
          /^warn: a generation succeeded and cannot be charged, now: .* is limited to 20; it resets/,
        ),
      ]);
    }
    expect(await isSettled(tenant, id)).toBe(false);
    await tenant.entitlements.release(others);
    expect(await sync(tenant.name)).toMatchObject({ note: '1 differences repaired, 0 reported' });
    expect(await balance(tenant)).toEqual({ used: 1, held: 0 });
  });

  it('gives back what was reserved without a row, once five minutes have passed', async () => {
    const tenant = newTenant();
    const reserve = (key: string) => tenant.entitlements.reserve(PLATFORMS, 1, key);
    const abandoned = await reserve(reservationKey(newId()));
    const row = await untold(tenant, 'RUNNING');
    const unstored = await reserve(renewalKey(row.id, row.reservationId));
    await minutes(6);
    const justMade = await reserve(reservationKey(newId()));
    const run = await sync(tenant.name);
    expect(run.note).toBe('2 differences repaired, 0 reported');
    expect(run.log).toEqual(
      [abandoned, unstored].map((id) =>
        expect.stringMatching(
          new RegExp(`^warn: the ledger held what no generation waits for: it is given back .*${id}`),
        ),
      ),
    );
    expect(await stateOf(tenant, justMade)).toBe('reserved');
    expect(await stateOf(tenant, row.reservationId)).toBe('reserved');
    expect(await balance(tenant)).toEqual({ used: 0, held: 2 });
  });

  it('reports what is charged without a generation that succeeded, each time, and leaves it charged', async () => {
    const tenant = newTenant();
    const { entitlements } = tenant;
    const failed = await untold(tenant, 'FAILED');
    await entitlements.commit(failed.reservationId, 1);
    const stray = await entitlements.reserve(PLATFORMS, 1, reservationKey(newId()));
    await entitlements.commit(stray, 1);
    for (let runs = 0; runs < 2; runs += 1) {
      const run = await sync(tenant.name);
      expect(run).toMatchObject({ state: 'succeeded', note: '0 differences repaired, 2 reported' });
      expect(run.log).toEqual(
        [failed.reservationId, stray].map((id) =>
          expect.stringMatching(new RegExp(`^warn: the ledger has charged what no generation that succeeded .*${id}`)),
        ),
      );
    }
    expect(await balance(tenant)).toEqual({ used: 2, held: 0 });
  });

  it('reports a generation that is charged twice, and adopts the one charge that is not under its own reservation', async () => {
    const tenant = newTenant();
    const { entitlements } = tenant;
    const twice = await untold(tenant, 'SUCCEEDED');
    const once = await untold(tenant, 'SUCCEEDED');
    const second = await entitlements.reserve(PLATFORMS, 1, `${reservationKey(twice.id)} once more`);
    const other = await entitlements.reserve(PLATFORMS, 1, `${reservationKey(once.id)} once more`);
    for (const id of [twice.reservationId, second, other]) await entitlements.commit(id, 1);
    const run = await sync(tenant.name);
    expect(run.note).toBe('2 differences repaired, 1 reported');
    expect(run.log.filter((line) => line.includes('charged one generation twice'))).toEqual([
      expect.stringContaining(second),
    ]);
    expect(await tenant.db.generation.findFirst({ where: { id: once.id } })).toMatchObject({ reservationId: other });
    expect(await balance(tenant)).toEqual({ used: 3, held: 0 });
  });

  it("never touches another tenant's ledger or rows", async () => {
    const [ours, theirs] = [newTenant(), newTenant()];
    await untold(ours, 'FAILED');
    const row = await untold(theirs, 'FAILED');
    await sync(ours.name);
    expect(await balance(theirs)).toEqual({ used: 0, held: 1 });
    expect(await isSettled(theirs, row.id)).toBe(false);
  });

  it('works through any number of generations, and stops between two of them when it is told to', async () => {
    const tenant = newTenant();
    const platformId = newId();
    const data = Array.from({ length: 700 }, () => ({
      id: newId(),
      platformId,
      template: 'any',
      state: 'FAILED',
      reservationId: newId(),
      requestedBy: newId(),
      endedAt: new Date(),
    }));
    await tenant.db.generation.createMany({ data });
    const stopping = new AbortController();
    let lines = 0;
    const warn = (): void => {
      lines += 1;
      if (lines === 550) stopping.abort(new Error('The worker is stopping.'));
    };
    await expect(syncQuota({ ...tenant, signal: stopping.signal, log: { warn } })).rejects.toThrow(
      'The worker is stopping.',
    );
    expect(lines).toBe(550);
    expect(await sync(tenant.name)).toMatchObject({ note: '150 differences repaired, 0 reported' });
    expect(await tenant.db.generation.count({ where: { settledAt: null } })).toBe(0);
  });
});

/** A process that dies. */
class Died extends Error {}

/** What a process works with that dies before its `steps + 1`th step: a question to the ledger, or a statement. */
function mortal(steps: number, { db, entitlements }: UpkeepTenant): Pick<UpkeepTenant, 'db' | 'entitlements'> {
  let left = steps;
  const counting = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(from, name) {
        const value: unknown = Reflect.get(from, name);
        if (typeof value === 'object' && value !== null) return counting(value);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (left === 0) return Promise.reject(new Died());
          left -= 1;
          return (value as (...all: unknown[]) => unknown).apply(from, given);
        };
      },
    });
  return { db: counting(db), entitlements: counting(entitlements) };
}

const unlessItDied = (error: unknown): void => {
  if (!(error instanceof Died)) throw error;
};

interface Life {
  readonly state: State;
  /** It waited, and reserved anew. */
  readonly waited: boolean;
  /** Its reservation is given back under its hands, as one that expires. */
  readonly lapsed: boolean;
  /** It is said to be settled, and the ledger was not told. */
  readonly lied: boolean;
  /** Its reservation is charged, whatever became of it. */
  readonly charged: boolean;
  /** The process that makes it dies after so many steps. */
  readonly steps: number;
}

/** One generation, step by step as the product takes them, until its process dies. */
async function live({ state, waited, lapsed, lied, charged, steps }: Life, tenant: UpkeepTenant): Promise<void> {
  const deps = mortal(steps, tenant);
  const id = newId();
  const reservationId = await deps.entitlements.reserve(PLATFORMS, 1, reservationKey(id));
  const row = await generation({ ...tenant, ...deps }, 'QUEUED', reservationId, id);
  if (waited) await renewReservation(row, deps);
  const current = await tenant.db.generation.findFirstOrThrow({ where: { id } });
  if (charged) await tenant.entitlements.commit(current.reservationId, 1);
  if (lapsed) await tenant.entitlements.release(current.reservationId);
  if (state === 'QUEUED') return;
  const settled = lied && { settledAt: new Date() };
  await deps.db.generation.updateMany({ where: { id }, data: { state, endedAt: new Date(), ...settled } });
  await settleGeneration(id, { ...deps, log: { ...console, warn: () => undefined } });
}

const aLife: fc.Arbitrary<Life> = fc.record({
  state: fc.constantFrom('QUEUED', 'SUCCEEDED', 'SUCCEEDED', 'FAILED', 'CANCELLED'),
  waited: fc.boolean(),
  lapsed: fc.boolean(),
  lied: fc.boolean(),
  charged: fc.boolean(),
  steps: fc.nat({ max: 16 }),
});

describe('However generations lived, and wherever processes died', () => {
  it('one whole run makes the ledger say what the rows say, and the next finds nothing to repair', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(aLife, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(6, 16),
        fc.option(fc.nat({ max: 25 })),
        fc.boolean(),
        async (lives, wait, diesAfter, twoAtOnce) => {
          const tenant = newTenant();
          for (const life of lives) await live(life, tenant).catch(unlessItDied);
          await minutes(wait);
          const waiting = await tenant.db.generation.findMany({ where: { state: 'QUEUED' } });
          const held = (await wholeLedger(tenant)).filter(({ state }) => state === 'reserved').map(({ id }) => id);
          const awaited = waiting.map(({ reservationId }) => reservationId).filter((id) => held.includes(id));
          const { signal } = new AbortController();
          const log = { warn: () => undefined };
          if (diesAfter !== null) await syncQuota({ ...mortal(diesAfter, tenant), signal, log }).catch(unlessItDied);
          const run = () => syncQuota({ ...tenant, signal, log });
          const { reported } = (await Promise.all(twoAtOnce ? [run(), run()] : [run()]))[0]!;

          const reservations = await wholeLedger(tenant);
          const rows = await tenant.db.generation.findMany();
          const inState = (state: Reservation['state']) => reservations.filter((each) => each.state === state);
          const succeeded = rows.filter(({ state }) => state === 'SUCCEEDED');
          const open = rows.filter(({ state }) => state === 'QUEUED').map(({ reservationId }) => reservationId);
          const own = succeeded.map(({ reservationId }) => reservationId);
          const committed = inState('committed').map(({ id }) => id);
          // Each that succeeded is charged, once; what else is charged was so before, and was reported.
          expect(committed).toEqual(expect.arrayContaining(own));
          expect(reported).toBe(committed.length - own.length);
          expect(succeeded.filter(({ settledAt }) => settledAt === null)).toEqual([]);
          // Held is what generations wait for that are not over, and nothing else.
          expect(open).toEqual(expect.arrayContaining(inState('reserved').map(({ id }) => id)));
          expect(inState('reserved').map(({ id }) => id)).toEqual(expect.arrayContaining(awaited));
          expect(await run()).toEqual({ repaired: 0, reported });
        },
      ),
      { numRuns: 60 },
    ));
});
