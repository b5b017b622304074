import { parseTenantId, type TenantId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { ownCpuMs } from '../../jobs/processes/own-cpu.js';
import { median } from '../../measure/median.js';
import type { IdentityBed } from '../measure/identity-bed.js';
import type { Options } from '../options.js';

const FEATURE = 'bench.things';
const PLENTY = 1_000_000_000_000;

export interface Rate {
  readonly perSecond: number;
  /** Of this process, for each. */
  readonly cpuUs: number;
}

/** Prepared, as what is compared with it is. */
const BARE = 'update usage_counters set held = held + 1 where tenant_id = $1 and feature = $2 returning held';

/** What is measured, in the order of a round. `bare` is one `UPDATE … RETURNING` of a counter's row. */
export const WAYS = ['bare', 'reserve', 'reserve with grants', 'reserve from grants', 'reserve and commit'] as const;
export type Way = (typeof WAYS)[number];

export interface ReserveFigures {
  readonly callers: number;
  readonly rates: Readonly<Record<Way, Rate>>;
  /** Of each way to `bare` of the same round: the median, since rounds differ and what stands in one does not. */
  readonly ratios: Readonly<Record<Way, number>>;
}

/**
 * All callers want the same row, so each who updates it waits for the one before; those who reserve go together meanwhile
 * (`--callers 1`: what one statement takes beside the other).
 */
export async function measureReserve(
  { identity, pool, analyze }: IdentityBed,
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
  const reserve = (tenantId: TenantId) =>
    entitlements.reserve({ tenantId, feature: FEATURE, amount: 1, idempotencyKey: newId() });
  const reserving = async (plan: string, grants: number) => {
    const tenantId = await newTenant(plan, grants);
    return async (): Promise<string> => {
      const outcome = await reserve(tenantId);
      if (outcome.kind !== 'reserved') throw new Error(`The benchmark could not reserve: ${outcome.kind}.`);
      return outcome.reservationId;
    };
  };
  const settled = await newTenant('bench', 0);
  const bare = await newTenant('bench', 0);
  await reserve(bare); // its row
  const actions: Readonly<Record<Way, () => Promise<unknown>>> = {
    bare: () => pool.query({ name: 'bare', text: BARE, values: [bare, FEATURE] }),
    reserve: await reserving('bench', 0),
    'reserve with grants': await reserving('bench', 3),
    'reserve from grants': await reserving('granted', 3),
    'reserve and commit': async () => {
      const outcome = await reserve(settled);
      if (outcome.kind === 'reserved') await entitlements.commit(settled, outcome.reservationId, 1);
    },
  };

  async function rateOf(action: () => Promise<unknown>, forMs: number): Promise<Rate> {
    let done = 0;
    const [startedAt, cpuMs] = [performance.now(), ownCpuMs()];
    const caller = async (): Promise<void> => {
      while (performance.now() - startedAt < forMs) {
        await action();
        done++;
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return {
      perSecond: (done * 1_000) / (performance.now() - startedAt),
      cpuUs: ((ownCpuMs() - cpuMs) * 1_000) / done,
    };
  }

  for (const way of WAYS) await rateOf(actions[way], 500);
  await analyze();
  const measured: Record<Way, Rate>[] = [];
  for (let round = 0; round < rounds; round++) {
    const rates: Partial<Record<Way, Rate>> = {};
    // Each round begins with another one: no way always follows the same.
    for (const index of WAYS.keys()) {
      const way = WAYS[(index + round) % WAYS.length]!;
      rates[way] = await rateOf(actions[way], roundMs);
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
    ratios: byWay((way) => medians((rates) => rates[way].perSecond / rates.bare.perSecond, way)),
  };
}
