import { isDuplicate, type Rows } from '../../store/system-database.js';
import type { OrderSubject } from '../../data-orders/data-orders.js';
import type { FlowDeps } from '../flow-deps.js';
import { findExport, type DataExport } from './find-export.js';

/** Runs `order`, which orders an export; where one of the subject is under way, that is the one. */
export async function orderOnce(
  subject: OrderSubject,
  { db }: FlowDeps,
  order: (rows: Rows) => Promise<unknown>,
): Promise<DataExport> {
  try {
    await db.transaction(order);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  return (await findExport(db.rows, subject))!;
}
