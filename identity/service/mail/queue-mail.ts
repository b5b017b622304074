import { newId } from '@inevitable/kit';
import type { Seal } from '../store/seal.js';
import type { Rows } from '../store/system-database.js';

/** A mail as text; what is sent has nothing to hide that its reader may not see. */
export interface Mail {
  readonly recipient: string;
  /** Which of our mails it is, for whoever lists them: `verify-email`, `reset-password`, … */
  readonly kind: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Writes a mail down in the transaction of what it tells of; `identity.send-mail` sends it, where there is a mail server.
 * Subject and text are sealed: a link that works stands in them.
 */
export async function queueMail(rows: Rows, seal: Seal, { recipient, kind, subject, text }: Mail): Promise<void> {
  const id = newId();
  await rows('insert into mails (id, recipient, kind, sealed) values ($1, $2, $3, $4)', [
    id,
    recipient,
    kind,
    seal.close(`mail:${id}`, JSON.stringify({ subject, text })),
  ]);
}
