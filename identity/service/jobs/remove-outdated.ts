import { deleteRows } from '../store/delete-rows.js';
import { BATCH, inBatches } from '../store/in-batches.js';
import type { SystemDatabase } from '../store/system-database.js';

/** Table, key, and when a row is of no use to anybody. */
const OUTDATED = {
  /** Links in them are long over; what was never sent is kept longer, for whoever finds out why. */
  mails: [
    'mails',
    'id',
    `sent_at <= stack_now() - interval '7 days' or (sent_at is null and created_at <= stack_now() - interval '30 days')`,
  ],
  signUps: ['sign_ups', 'id', 'expires_at <= stack_now()'],
  oneTimeTokens: ['one_time_tokens', 'hash', 'expires_at <= stack_now()'],
} as const;

/** How many rows of each kind were removed; a kind of which there were none is left out. */
export type RemovedOutdated = Readonly<Partial<Record<keyof typeof OUTDATED, number>>>;

/** Removes mails, sign-ups and links that are over. */
export async function removeOutdated({ rows }: SystemDatabase, signal?: AbortSignal): Promise<RemovedOutdated> {
  const removed: Partial<Record<keyof typeof OUTDATED, number>> = {};
  for (const [kind, [table, key, isOutdated]] of Object.entries(OUTDATED)) {
    const count = await inBatches(
      () =>
        deleteRows(
          rows,
          `delete from ${table} where ${key} = any (array(
             select ${key} from ${table} where ${isOutdated} limit ${BATCH} for update skip locked))`,
          [],
        ),
      signal,
    );
    if (count > 0) removed[kind as keyof typeof OUTDATED] = count;
  }
  return removed;
}
