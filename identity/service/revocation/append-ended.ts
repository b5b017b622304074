import type { RevocationSubject } from '@inevitable/contract';
import { appendRevocations } from './append-revocations.js';
import type { Rows } from '../store/system-database.js';

/** What was ended in a transaction, by what gateways know it as. */
export type Ended = Readonly<Partial<Record<RevocationSubject, readonly string[]>>>;

/** Tells the gateways, as the last statements of the transaction. */
export async function appendEnded(rows: Rows, ended: Ended): Promise<void> {
  for (const [subject, ids] of Object.entries(ended) as [RevocationSubject, readonly string[]][])
    await appendRevocations(rows, subject, ids);
}
