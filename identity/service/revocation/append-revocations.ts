import type { RevocationSubject } from '@inevitable/contract';
import type { Rows } from '../store/system-database.js';

/** Access tokens live 15 minutes: after 20 nobody holds one that an entry could end. */
export const REVOCATION_MINUTES = 20;

/** Of `revocations`: what the feed has stopped telling. A withdrawn key is told for ever: it can sign a token of any date. */
export const IS_FORGOTTEN = `(created_at < stack_now() - interval '${REVOCATION_MINUTES} minutes' and subject <> 'signingKey')`;

/**
 * Appends to the revocation feed, as the last statement of its transaction: the head's row is locked until the commit,
 * so positions grow in commit order, and a reader never passes one that is still to come.
 */
export async function appendRevocations(rows: Rows, subject: RevocationSubject, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await rows(
    `with forgotten as (
       delete from revocations where ${IS_FORGOTTEN}
     ), head as (
       update revocation_head set sequence = sequence + cardinality($2::text[])
       returning sequence - cardinality($2::text[]) as before
     )
     insert into revocations (sequence, subject, id)
     select head.before + entry.n, $1, entry.id from head, unnest($2::text[]) with ordinality as entry (id, n)`,
    [subject, ids],
  );
}
