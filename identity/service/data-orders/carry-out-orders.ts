import type { Rows } from '../store/system-database.js';
import { advanceExport, type MissingParts } from './advance-export.js';
import { addErasedParts, IDENTITY, ORDER_COLUMNS, type DataOrder } from './data-orders.js';
import { endErasure, type ErasureDeps } from './end-erasure.js';
import { removeArchives } from './remove-archives.js';

export interface CarriedOut {
  readonly archivesMade: number;
  readonly tenantsErased: number;
  readonly peopleErased: number;
  readonly archivesRemoved: number;
}

/** An export that is not whole by then is given up: whoever wants it orders it again, and hears which product is missing. */
const EXPORT_DAYS = 7;

/**
 * Does core-identity's part of every order that is due: its export; the archive, once all parts are there; and, once every
 * product has erased its own, the end of a tenant or an account. Removes archives that are too old. It may be stopped and
 * repeated at any point. Throws in the end what failed, when everything else is done.
 */
export async function carryOutOrders(deps: ErasureDeps, signal?: AbortSignal): Promise<CarriedOut> {
  const { db, products } = deps;
  const done = { archivesMade: 0, tenantsErased: 0, peopleErased: 0, archivesRemoved: 0 };
  const failures: Error[] = [];
  /** What fails of one keeps no other waiting. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    signal?.throwIfAborted();
    await work().catch((error: Error) => {
      if (signal?.aborted) throw error;
      failures.push(error);
    });
  };
  await db.rows(
    `update data_orders set state = 'over', expires_at = stack_now()
     where kind = 'export' and state = 'open' and created_at < stack_now() - interval '${EXPORT_DAYS} days'`,
  );
  const orders = await db.rows<DataOrder>(
    `select ${ORDER_COLUMNS} from data_orders where state = 'open' and due_at <= stack_now() order by id`,
  );
  for (const order of orders)
    await attempt(async () => {
      // A product that came since the order was given has something to erase, too.
      if (order.kind === 'erase') await addErasedParts(db.rows, order, products());
      const missing = await missingOf(db.rows, order);
      if (order.kind === 'export') done.archivesMade += (await advanceExport(order, missing, deps, signal)) ? 1 : 0;
      else if (!missing.others && (await endErasure(order, deps, signal)))
        done[order.userId === null ? 'tenantsErased' : 'peopleErased'] += 1;
    });
  await attempt(async () => {
    done.archivesRemoved = await removeArchives(deps);
  });
  if (failures.length) throw new AggregateError(failures, failures.map(({ message }) => message).join(' '));
  return done;
}

async function missingOf(rows: Rows, { id }: DataOrder): Promise<MissingParts> {
  const [missing] = await rows<MissingParts>(
    `select coalesce(bool_or(product = '${IDENTITY}'), false) as identity,
       coalesce(bool_or(product <> '${IDENTITY}'), false) as others
     from data_parts where order_id = $1 and done_at is null`,
    [id],
  );
  return missing!;
}
