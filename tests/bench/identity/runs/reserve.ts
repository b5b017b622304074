import { parseTenantId, type TenantId } from '@inevitable/contract';
import type { Identity } from '@inevitable/identity';
import { newId } from '@inevitable/kit';
import { ownCpuMs } from '../../jobs/processes/own-cpu.js';
import { median } from '../../measure/median.js';
import type { IdentityBed } from '../measure/identity-bed.js';
import type { Options } from '../options.js';

const FEATURE = 'bench.things';
const PLENTY = 1_000_000_000_000;
const WARM_UP_MS = 250;

export interface Rate {
  readonly perSecond: number;
  /** Of this process, for each. */
  readonly cpuUs: number;
}

/** Prepared, as what is compared with it is. */
const BARE = 'update usage_counters set held = held + 1 where tenant_id = $1 and feature = $2 returning held';

/**
 * What is measured, in the order of a round. `bare` is one `UPDATE … RETURNING` of a counter's row. Alone: one caller and nobody
 * else. Between processes: as many callers, of whom no two are in one process.
 */
export const WAYS = [
  'bare alone',
  'reserve alone',
  'bare',
  'reserve',
  'reserve between processes',
  'reserve with grants',
  'reserve from grants',
  'reserve and commit',
] as const;
export type Way = (typeof WAYS)[number];

const isAlone = (way: Way): boolean => way.endsWith('alone');

export interface ReserveFigures {
  readonly callers: number;
  readonly rates: Readonly<Record<Way, Rate>>;
  /** Of each way to the bare one of as many callers in the same round: the median, since rounds differ and what stands in one does not. */
  readonly ratios: Readonly<Record<Way, number>>;
}

/**
 * All callers want the same row, so each who updates it waits for the one before; those who reserve in one process go together
 * meanwhile.
 */
export async function measureReserve(
  { identity, others, pool, analyze }: IdentityBed,
  { callers, rounds, roundMs }: Options,
): Promise<ReserveFigures> {
  const { entitlements } = identity.ports;
  await pool.query(`insert into plans (name, title) values ('bench', 'Bench'), ('granted', 'Granted')`);
  for (const [plan, limit] of [
    ['bench', PLENTY],
    ['granted', 0],
  ])
    await pool.query('insert into plan_features (plan, feature, definition) values ($1, $2, $3)', [
      plan,
      FEATURE,
      { kind: 'metered', limit, per: 'month' },
    ]);

  async function newTenant(plan: string, grants: number): Promise<TenantId> {
    const id = parseTenantId(newId());
    await pool.query(`insert into tenants (id, slug, name, plan) values ($1, $2, 'Bench', $3)`, [
      id,
      `b-${id.slice(-12)}`,
      plan,
    ]);
    for (let grant = 0; grant < grants; grant++)
      await pool.query(
        `with granted as (
           insert into feature_grants (tenant_id, id, feature, amount, priority, source) values ($1, $2, $3, $4, $5, 'bench'))
         insert into feature_grant_balances (tenant_id, grant_id) values ($1, $2)`,
        [id, newId(), FEATURE, PLENTY, grant],
      );
    return id;
  }
  const reserve = async (tenantId: TenantId, { entitlements }: Identity['ports'] = identity.ports): Promise<string> => {
    const request = { tenantId, feature: FEATURE, amount: 1, idempotencyKey: newId() };
    const outcome = await entitlements.reserve(request);
    if (outcome.kind !== 'reserved') throw new Error(`The benchmark could not reserve: ${outcome.kind}.`);
    return outcome.reservationId;
  };
  const [alone, together, apart, settled, updated, updatedAlone] = [
    await newTenant('bench', 0),
    await newTenant('bench', 0),
    await newTenant('bench', 0),
    await newTenant('bench', 0),
    await newTenant('bench', 0),
    await newTenant('bench', 0),
  ];
  const [withGrants, ofGrants] = [await newTenant('bench', 3), await newTenant('granted', 3)];
  for (const tenantId of [updated, updatedAlone]) await reserve(tenantId); // its row
  const update = (tenantId: TenantId) => () => pool.query({ name: 'bare', text: BARE, values: [tenantId, FEATURE] });
  /** Each is told which of the callers it is. */
  const actions: Readonly<Record<Way, (caller: number) => Promise<unknown>>> = {
    'bare alone': update(updatedAlone),
    'reserve alone': () => reserve(alone),
    bare: update(updated),
    reserve: () => reserve(together),
    'reserve between processes': (caller) => reserve(apart, others[caller]!.ports),
    'reserve with grants': () => reserve(withGrants),
    'reserve from grants': () => reserve(ofGrants),
    'reserve and commit': async () => entitlements.commit(settled, await reserve(settled), 1),
  };

  async function rateOf(way: Way, forMs: number): Promise<Rate> {
    let done = 0;
    const [startedAt, cpuMs] = [performance.now(), ownCpuMs()];
    const call = async (_: unknown, caller: number): Promise<void> => {
      while (performance.now() - startedAt < forMs) {
        await actions[way](caller);
        done++;
      }
    };
    await Promise.all(Array.from({ length: isAlone(way) ? 1 : callers }, call));
    return {
      perSecond: (done * 1_000) / (performance.now() - startedAt),
      cpuUs: ((ownCpuMs() - cpuMs) * 1_000) / done,
    };
  }

  for (const way of WAYS) await rateOf(way, WARM_UP_MS);
  await analyze();
  const measured: Record<Way, Rate>[] = [];
  for (let round = 0; round < rounds; round++) {
    const rates: Partial<Record<Way, Rate>> = {};
    // Each round begins with another one: no way always follows the same.
    for (const index of WAYS.keys()) {
      const way = WAYS[(index + round) % WAYS.length]!;
      rates[way] = await rateOf(way, roundMs);
    }
    measured.push(rates as Record<Way, Rate>);
  }
  const medians = (figure: (rates: Record<Way, Rate>, way: Way) => number, way: Way): number =>
    median(measured.map((rates) => figure(rates, way)));
  const byWay = <Figure>(figure: (way: Way) => Figure): Record<Way, Figure> =>
    Object.fromEntries(WAYS.map((way) => [way, figure(way)])) as Record<Way, Figure>;
  return {
    callers,
    rates: byWay((way) => ({
      perSecond: medians((rates) => rates[way].perSecond, way),
      cpuUs: medians((rates) => rates[way].cpuUs, way),
    })),
    ratios: byWay((way) =>
      medians((rates) => rates[way].perSecond / rates[isAlone(way) ? 'bare alone' : 'bare'].perSecond, way),
    ),
  };
}
