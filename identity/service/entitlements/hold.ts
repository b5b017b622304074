import type { ReserveRequest } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { gathered } from '../store/gathered.js';
import type { SystemDatabase } from '../store/system-database.js';
import { METERED_FEATURE } from './metered-feature.js';

/** A reservation as it is stored. */
export interface Held {
  readonly id: string;
  readonly expires_at: Date;
}

/**
 * What became of those who went together: all of them hold what they asked for, or none does. None: the feature is not metered
 * for the tenant; or what the database's function `hold` says.
 */
export type HoldOutcome =
  | { readonly kind: 'held'; readonly held: Held }
  | { readonly kind: 'notMetered' | 'known' | 'raced' | 'overdue' | 'exceeded' };

/** Reservations in one statement: more of them hold the counter's lock longer than they save. */
const TOGETHER = 100;

/**
 * A function takes the locks, because of its statements each one sees what was committed before it: the ledger is written
 * first, and the counter's row, for which everyone waits, is taken last.
 */
const HOLD = `
  select hold($1, $2, f.period, f.quota, f.now, f.expires_at, $3, $4, $5) as outcome, f.expires_at
  from (select m.*, (m.now + interval '15 minutes')::timestamptz(3) as expires_at from (${METERED_FEATURE}) m) f`;

interface HoldRow {
  readonly outcome: HoldOutcome['kind'];
  readonly expires_at: Date;
}

/** Requests for one tenant and feature, which all hold what they ask for, or none does. */
async function holdAll(
  { prepared }: SystemDatabase,
  requests: readonly ReserveRequest[],
): Promise<readonly HoldOutcome[]> {
  const { tenantId, feature } = requests[0]!;
  const lines = requests.map(({ amount, idempotencyKey: key }) => ({ id: newId(), amount, key }));
  // Two processes may be asked for the same keys at once: they meet them in the same order, and nobody waits in a circle.
  const sorted = lines.length > 1 ? lines.toSorted((a, b) => (a.key < b.key ? -1 : 1)) : lines;
  const [row] = await prepared<HoldRow>(HOLD, [
    tenantId,
    feature,
    sorted.map(({ id }) => id),
    sorted.map(({ amount }) => amount),
    sorted.map(({ key }) => key),
  ]);
  return lines.map(({ id }) => {
    if (!row) return { kind: 'notMetered' };
    const { outcome: kind, expires_at } = row;
    return kind === 'held' ? { kind, held: { id, expires_at } } : { kind };
  });
}

/**
 * Holds what is asked for, of the quota and of grants. Who wants the same counter at once in this process goes together: one
 * lock and one commit for all of them, and one connection of the pool, however many ask for a tenant. Where they cannot all
 * hold, each finds out alone: what one of several lacks or did wrong is nothing to the others.
 */
export function holdTogether(db: SystemDatabase): (request: ReserveRequest) => Promise<HoldOutcome> {
  const alone = async (request: ReserveRequest): Promise<HoldOutcome> => (await holdAll(db, [request]))[0]!;
  const hold = gathered(
    TOGETHER,
    async (requests: readonly ReserveRequest[]): Promise<readonly (HoldOutcome | null)[]> => {
      if (requests.length === 1) return holdAll(db, requests);
      try {
        const outcomes = await holdAll(db, requests);
        return outcomes[0]!.kind === 'held' ? outcomes : requests.map(() => null);
      } catch {
        return requests.map(() => null);
      }
    },
  );
  return async (request) => (await hold(`${request.tenantId} ${request.feature}`, request)) ?? alone(request);
}
