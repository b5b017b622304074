import { createHash } from 'node:crypto';
import {
  BadUserInput,
  isUuid,
  NotFound,
  RESERVATIONS_PAGE,
  type EntitlementsPort,
  type Feature,
  type Reservation,
  type ReservationState,
  type ReserveOutcome,
  type TenantId,
} from '@inevitable/contract';
import { newId } from '../graph/new-id.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';

/** The plan of whoever a test names. */
export const TEST_PLAN = 'pro';
const RESERVATION_MS = 15 * 60_000;

export interface TestEntitlementsOptions {
  /** As a product declares them. */
  readonly features: NonNullable<SubgraphDeclaration['features']>;
  /** `pro` for every tenant unless told; null: there is no such tenant. */
  readonly planOf?: (tenantId: TenantId) => string | null;
}

export interface TestEntitlements extends EntitlementsPort {
  /** The ledger's own: periods end by it, and reservations expire by it. */
  readonly clock: { advance(by: { readonly seconds: number }): void };
}

type Metered = Feature & { readonly kind: 'metered' };

/** A reservation as it was made. Times are epoch milliseconds. */
interface Entry {
  readonly tenantId: TenantId;
  readonly feature: string;
  readonly id: string;
  readonly amount: number;
  readonly idempotencyKey: string;
  readonly periodStart: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  settled: { readonly state: 'committed' | 'released'; readonly actual: number } | null;
}

/**
 * core-identity's ledger in memory, for tests of products: it promises what every `EntitlementsPort` does
 * (tests/contracts/entitlements-port.test.ts), and forgets everything with its test.
 */
export function testEntitlements({ features, planOf = () => TEST_PLAN }: TestEntitlementsOptions): TestEntitlements {
  const ledger: Entry[] = [];
  let aheadMs = 0;
  const now = (): number => Date.now() + aheadMs;

  const featuresOf = (plan: string): Record<string, Feature> =>
    Object.fromEntries(
      Object.entries(features)
        .filter(([, plans]) => Object.hasOwn(plans, plan))
        .map(([name, plans]) => [name, plans[plan]!] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );

  function meteredOf(tenantId: TenantId, name: string): Metered | null {
    const plan = planOf(tenantId);
    const known = plan === null ? {} : featuresOf(plan);
    const feature = Object.hasOwn(known, name) ? known[name]! : null;
    return feature?.kind === 'metered' ? feature : null;
  }

  const entriesOf = (tenantId: TenantId, feature: string): Entry[] =>
    ledger.filter((entry) => entry.tenantId === tenantId && entry.feature === feature);
  const find = (tenantId: TenantId, id: string): Entry | undefined =>
    ledger.find((entry) => entry.tenantId === tenantId && entry.id === id);
  const stateOf = ({ settled, expiresAt }: Entry): ReservationState =>
    settled?.state ?? (expiresAt <= now() ? 'expired' : 'reserved');

  /** What is used and held of a feature in the period that runs. */
  function balance(tenantId: TenantId, name: string, { per }: Metered): { used: number; held: number } {
    const entries = entriesOf(tenantId, name).filter(({ periodStart }) => periodStart === startOfPeriod(per, now()));
    return {
      used: sum(entries.map(({ settled }) => settled?.actual ?? 0)),
      held: sum(entries.map((entry) => (stateOf(entry) === 'reserved' ? entry.amount : 0))),
    };
  }

  // Nothing is awaited between a question and its answer, so that of racing callers one comes after the other.
  return {
    clock: {
      advance({ seconds }) {
        aheadMs += seconds * 1_000;
      },
    },
    async describe(tenantId) {
      const plan = planOf(tenantId);
      if (plan === null) throw new NotFound('tenant');
      const included = featuresOf(plan);
      const digest = createHash('sha256')
        .update(JSON.stringify([plan, included]))
        .digest('base64url')
        .slice(0, 22);
      return { plan, digest, features: included };
    },
    async reserve({ tenantId, feature, amount, idempotencyKey }) {
      if (!Number.isSafeInteger(amount) || amount < 1)
        throw new BadUserInput('What is reserved is a whole number from 1.', 'amount');
      const earlier = entriesOf(tenantId, feature).find((entry) => entry.idempotencyKey === idempotencyKey);
      if (earlier) return reserved(earlier);
      const metered = meteredOf(tenantId, feature);
      if (!metered) return { kind: 'notEntitled' };
      const { used, held } = balance(tenantId, feature, metered);
      if (used + held + amount > metered.limit)
        return { kind: 'exceeded', limit: metered.limit, resetsAt: isoOf(startOfPeriod(metered.per, now(), 1)) };
      const entry: Entry = {
        tenantId,
        feature,
        id: newId(),
        amount,
        idempotencyKey,
        periodStart: startOfPeriod(metered.per, now()),
        createdAt: now(),
        expiresAt: now() + RESERVATION_MS,
        settled: null,
      };
      ledger.push(entry);
      return reserved(entry);
    },
    async commit(tenantId, reservationId, actual) {
      if (!Number.isSafeInteger(actual) || actual < 0)
        throw new BadUserInput('What was used is a whole number from 0.', 'actual');
      const entry = find(tenantId, reservationId);
      if (!entry) return false;
      if (actual > entry.amount) throw new BadUserInput('More was used than was reserved.', 'actual');
      if (stateOf(entry) === 'reserved') entry.settled = { state: 'committed', actual };
      return stateOf(entry) === 'committed';
    },
    async release(tenantId, reservationId) {
      const entry = find(tenantId, reservationId);
      if (!entry || stateOf(entry) !== 'reserved') return false;
      entry.settled = { state: 'released', actual: 0 };
      return true;
    },
    async usage(tenantId, feature) {
      const metered = meteredOf(tenantId, feature);
      if (!metered) return null;
      return {
        ...balance(tenantId, feature, metered),
        limit: metered.limit,
        resetsAt: isoOf(startOfPeriod(metered.per, now(), 1)),
      };
    },
    async reservations({ tenantId, feature, ids, state, after }) {
      if (ids && ids.length > RESERVATIONS_PAGE)
        throw new BadUserInput(`At most ${RESERVATIONS_PAGE} reservations can be asked for at once.`, 'ids');
      if (ids && !ids.every(isUuid)) throw new BadUserInput('That is not the id of a reservation.', 'ids');
      if (after !== null && !isUuid(after)) throw new BadUserInput('That is not the id of a reservation.', 'after');
      const per = meteredOf(tenantId, feature)?.per ?? 'month';
      const periods = [startOfPeriod(per, now()), startOfPeriod(per, now(), -1)];
      return entriesOf(tenantId, feature)
        .filter(({ periodStart }) => periods.includes(periodStart))
        .filter(({ id }) => (after === null || id > after) && (!ids || ids.includes(id)))
        .map((entry) => seen(entry, stateOf(entry)))
        .filter((reservation) => !state || reservation.state === state)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, RESERVATIONS_PAGE);
    },
  };
}

const reserved = ({ id, expiresAt }: Entry): ReserveOutcome => ({
  kind: 'reserved',
  reservationId: id,
  expiresAt: isoOf(expiresAt),
});

const seen = ({ id, amount, settled, idempotencyKey, createdAt }: Entry, state: ReservationState): Reservation => ({
  id,
  state,
  amount,
  actual: settled?.actual ?? null,
  idempotencyKey,
  createdAt: isoOf(createdAt),
});

/** The beginning in UTC of the period `at` is in, or of one `later` periods after it. */
function startOfPeriod(per: Metered['per'], at: number, later = 0): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return per === 'day' ? Date.UTC(year, month, date.getUTCDate() + later) : Date.UTC(year, month + later, 1);
}

const isoOf = (at: number): string => new Date(at).toISOString();
const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
