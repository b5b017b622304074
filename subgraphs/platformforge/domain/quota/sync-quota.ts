import {
  NotEntitled,
  QuotaExceeded,
  type JobLog,
  type Reservation,
  type ReservationState,
  type TenantEntitlements,
} from '@inevitable/kit';
import type { PlatformForgeWork } from '../../context.js';
import type { Generation } from '../../generated/prisma/client.js';
import { chargeGeneration } from './charge-generation.js';
import { databaseNow } from '../database-now.js';
import { generationOf } from './generation-of.js';
import { OPEN } from '../platforms/platform-states.js';
import { PLATFORMS } from './quota.js';

export interface SyncQuotaDeps {
  readonly db: PlatformForgeWork['db'];
  readonly entitlements: TenantEntitlements;
  readonly signal: AbortSignal;
  readonly log: Pick<JobLog, 'warn'>;
}

/** How many differences were found, and what became of them. */
export interface SyncedQuota {
  readonly repaired: number;
  /** For a person to decide: nothing here gives back what was charged. */
  readonly reported: number;
}

/** As many as one question to the ledger may name. */
const BATCH = 500;
/** Who reserves writes the row in the next moment; a reservation without one that is older was left by a crash. */
const ABANDONED_AFTER_MS = 5 * 60_000;

/**
 * Makes the quota's ledger and the rows agree: one committed reservation for each generation that succeeded, and none held
 * for one that ended otherwise or was never written. What the ledger has charged without a generation that succeeded is
 * reported, and stays. Each difference is a line of the log. What it does bears a second run, and one beside it.
 */
export async function syncQuota(deps: SyncQuotaDeps): Promise<SyncedQuota> {
  const count = { repaired: 0, reported: 0 };
  const differ =
    (outcome: keyof SyncedQuota) =>
    (what: string, facts: object): void => {
      count[outcome] += 1;
      deps.log.warn(what, facts);
    };
  const sync: Sync = { ...deps, repaired: differ('repaired'), reported: differ('reported') };
  // First: what is charged under another reservation than the row's must not be charged once more.
  await eachReservation('committed', sync, lookAtCommitted);
  await eachUnsettled(sync, tellLedger);
  await eachReservation('reserved', sync, lookAtReserved);
  await eachReservation('released', sync, lookAtGivenBack);
  await eachReservation('expired', sync, lookAtGivenBack);
  return count;
}

interface Sync extends SyncQuotaDeps {
  repaired(what: string, facts: object): void;
  reported(what: string, facts: object): void;
}

const hasEnded = ({ state }: Generation): boolean => !OPEN.includes(state);

/** Generations that have ended, and of which nobody noted that the ledger knows. */
async function eachUnsettled(
  sync: Sync,
  look: (row: Generation, ledger: ReservationState | 'unknown', sync: Sync) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ;) {
    sync.signal.throwIfAborted();
    const rows: readonly Generation[] = await sync.db.generation.findMany({
      where: { settledAt: null, endedAt: { not: null }, ...(after !== null && { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: BATCH,
    });
    if (!rows.length) return;
    after = rows.at(-1)!.id;
    const states = await statesOf(
      rows.map((row) => row.reservationId),
      sync,
    );
    for (const row of rows) {
      sync.signal.throwIfAborted();
      await look(row, states.get(row.reservationId) ?? 'unknown', sync);
    }
  }
}

/** Reservations of the period that runs and of the one before, each with the generation it was made for. */
async function eachReservation(
  state: ReservationState,
  sync: Sync,
  look: (reservation: Reservation, row: Generation | null, sync: Sync) => Promise<void>,
): Promise<void> {
  for (let after: string | null = null; ;) {
    sync.signal.throwIfAborted();
    const page: readonly Reservation[] = await sync.entitlements.reservations(PLATFORMS, { state, after });
    if (!page.length) return;
    after = page.at(-1)!.id;
    // Read after the page: a row succeeds before the ledger is told, so what is committed has its row.
    const ids = page.map(({ idempotencyKey }) => generationOf(idempotencyKey)).filter((id) => id !== null);
    const rows = await sync.db.generation.findMany({ where: { id: { in: [...new Set(ids)] } } });
    const rowOf = new Map<string | null, Generation>(rows.map((row) => [row.id, row]));
    for (const reservation of page) {
      sync.signal.throwIfAborted();
      await look(reservation, rowOf.get(generationOf(reservation.idempotencyKey)) ?? null, sync);
    }
  }
}

async function statesOf(
  ids: readonly string[],
  { entitlements }: Sync,
): Promise<ReadonlyMap<string, ReservationState>> {
  const known = await entitlements.reservations(PLATFORMS, { ids });
  return new Map(known.map(({ id, state }) => [id, state]));
}

async function tellLedger(row: Generation, ledger: ReservationState | 'unknown', sync: Sync): Promise<void> {
  const facts = { generation: row.id, state: row.state, reservation: row.reservationId, ledger };
  if (row.state === 'SUCCEEDED') return charge(row, facts, sync);
  if (ledger === 'committed') return; // reported already: what was charged is not given back here
  await sync.entitlements.release(row.reservationId);
  if (await settle(row, row.reservationId, sync))
    sync.repaired(
      'a generation did not succeed, and nobody had noted that its reservation is given back: it is',
      facts,
    );
}

async function lookAtCommitted(reservation: Reservation, row: Generation | null, sync: Sync): Promise<void> {
  const facts = factsOf(reservation, row);
  if (row?.state !== 'SUCCEEDED')
    return sync.reported(
      'the ledger has charged what no generation that succeeded stands for: it stays charged',
      facts,
    );
  if (row.reservationId === reservation.id) return;
  const own = (await statesOf([row.reservationId], sync)).get(row.reservationId);
  if (own === 'committed')
    return sync.reported('the ledger has charged one generation twice: it stays charged', {
      ...facts,
      generation: row.id,
    });
  if (own === 'reserved') await sync.entitlements.release(row.reservationId);
  if (await settle(row, reservation.id, sync))
    sync.repaired('a generation is charged by another reservation than its own: it has that one now', facts);
}

async function lookAtReserved(reservation: Reservation, row: Generation | null, sync: Sync): Promise<void> {
  const isIts = row?.reservationId === reservation.id;
  if (isIts && !hasEnded(row)) return;
  const facts = factsOf(reservation, row);
  if (isIts && row.state === 'SUCCEEDED') {
    if (row.settledAt === null) return; // the quota is used up, as was reported
    // The page may be older than the row.
    const isStillHeld = (await statesOf([reservation.id], sync)).get(reservation.id) === 'reserved';
    if (isStillHeld && (await sync.entitlements.commit(reservation.id, 1)))
      sync.repaired('a generation succeeded, and the ledger still held its reservation: it is charged', facts);
    return;
  }
  if (generationOf(reservation.idempotencyKey) === null || !(await isAbandoned(reservation, sync))) return;
  if (await sync.entitlements.release(reservation.id))
    sync.repaired('the ledger held what no generation waits for: it is given back', facts);
}

async function lookAtGivenBack(reservation: Reservation, row: Generation | null, sync: Sync): Promise<void> {
  if (row?.state !== 'SUCCEEDED' || row.reservationId !== reservation.id) return;
  if (row.settledAt === null) return; // the quota is used up, as was reported
  await charge(row, factsOf(reservation, row), sync);
}

const factsOf = ({ id, state, idempotencyKey }: Reservation, row: Generation | null): object => ({
  reservation: id,
  ledger: state,
  key: idempotencyKey,
  generation: row?.state ?? 'none',
});

async function isAbandoned({ createdAt }: Reservation, { db }: Sync): Promise<boolean> {
  return (await databaseNow(db)).getTime() - Date.parse(createdAt) > ABANDONED_AFTER_MS;
}

/** Commits what the generation has reserved, or what is reserved in its place. */
async function charge(row: Generation, facts: object, sync: Sync): Promise<void> {
  try {
    const charged = await chargeGeneration(row, sync);
    if (!(await settle(row, charged, sync))) return; // its own job was faster
    if (charged === row.reservationId)
      sync.repaired('a generation succeeded, and nobody had noted that it is charged: it is', facts);
    else sync.repaired('a generation succeeded whose reservation was given back: another one is charged', facts);
  } catch (error) {
    if (!(error instanceof QuotaExceeded || error instanceof NotEntitled)) throw error;
    sync.reported(`a generation succeeded and cannot be charged, now: ${error.message}`, facts);
  }
}

/** Notes what the ledger agrees with. False: somebody else did meanwhile. */
async function settle({ id, settledAt }: Generation, charged: string, { db }: Sync): Promise<boolean> {
  const settled = await db.$executeRaw`
    update generations set reservation_id = ${charged}::uuid, settled_at = stack_now()
    where id = ${id}::uuid and settled_at is not distinct from ${settledAt}::timestamptz`;
  return settled > 0;
}
