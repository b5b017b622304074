import type { Seal } from '../store/seal.js';
import type { Rows } from '../store/system-database.js';
import type { Mail } from './queue-mail.js';

export interface KeptMail extends Mail {
  readonly id: string;
  readonly createdAt: Date;
  /** null: not yet, or there is no mail server. */
  readonly sentAt: Date | null;
}

interface StoredMail extends Omit<KeptMail, 'subject' | 'text'> {
  readonly sealed: Buffer;
}

/** Subject and text of a mail's row. Throws when it was sealed with another secret. */
export const openMail = (seal: Seal, { id, sealed }: Pick<StoredMail, 'id' | 'sealed'>) =>
  JSON.parse(seal.open(`mail:${id}`, sealed)) as Pick<Mail, 'subject' | 'text'>;

/** What was written to an address and is still kept, the oldest first. Links in it work: it is for no administrator's eyes. */
export async function readMails(rows: Rows, seal: Seal, recipient: string): Promise<readonly KeptMail[]> {
  const stored = await rows<StoredMail>(
    `select id, recipient, kind, sealed, created_at as "createdAt", sent_at as "sentAt" from mails
     where recipient = $1 order by id`,
    [recipient],
  );
  return stored.map(({ sealed, ...mail }) => ({ ...mail, ...openMail(seal, { id: mail.id, sealed }) }));
}
