import type { Logger } from '../flows/flow-deps.js';
import type { Seal } from '../store/seal.js';
import type { SystemDatabase } from '../store/system-database.js';
import type { Delivery, Mailer } from './open-mailer.js';
import { openMail } from './read-mails.js';

/** How many mails of one run came to which end. */
export interface SentMails {
  readonly sent: number;
  /** Tried again later. */
  readonly failed: number;
  /** Not tried again. */
  readonly refused: number;
}

interface ClaimedMail {
  readonly id: string;
  readonly recipient: string;
  readonly sealed: Buffer;
}

/**
 * One mail that is due, and when it is due next: after a minute, two, four, up to an hour. So it is tried again where this
 * run is lost, and no other run has it meanwhile. What nobody could be sent for three days is too old to be of use.
 */
const CLAIM = `
  update mails set attempts = attempts + 1,
    next_attempt_at = stack_now() + least(interval '1 hour', interval '1 minute' * power(2, least(attempts, 6)))
  where id = (
    select id from mails
    where sent_at is null and next_attempt_at <= stack_now() and created_at > stack_now() - interval '3 days'
    order by next_attempt_at, id limit 1 for update skip locked)
  returning id, recipient, sealed`;

/**
 * Sends every mail that is due, at least once: a run that is lost between sending and writing that down sends it again,
 * with the same Message-ID. Ends at a server that takes no mail at all, and with the reason of `signal` before the next
 * one when that is aborted.
 */
export async function sendMails(
  { db, seal, log }: { readonly db: SystemDatabase; readonly seal: Seal; readonly log: Logger },
  mailer: Mailer,
  signal?: AbortSignal,
): Promise<SentMails> {
  const ends = { sent: 0, failed: 0, refused: 0 };
  for (;;) {
    signal?.throwIfAborted();
    const [mail] = await db.rows<ClaimedMail>(CLAIM);
    if (!mail) return ends;
    const delivery = await deliver(mail);
    await db.rows(
      `update mails set failure = $3, sent_at = case when $2 = 'sent' then stack_now() end,
         next_attempt_at = case when $2 = 'refused' then 'infinity' else next_attempt_at end where id = $1`,
      [mail.id, delivery.kind, delivery.kind === 'sent' ? null : delivery.failure],
    );
    ends[delivery.kind === 'unreachable' ? 'failed' : delivery.kind] += 1;
    if (delivery.kind !== 'sent') log.warn({ event: 'mail not sent', mailId: mail.id, ...delivery });
    if (delivery.kind === 'unreachable') return ends;
  }

  async function deliver(mail: ClaimedMail): Promise<Delivery> {
    try {
      return await mailer.deliver(mail.id, { recipient: mail.recipient, ...openMail(seal, mail) });
    } catch {
      return { kind: 'refused', failure: 'it was sealed with another secret' };
    }
  }
}
