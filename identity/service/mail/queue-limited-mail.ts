import { claimAttempts } from '../throttling/claim-attempts.js';
import type { Seal } from '../store/seal.js';
import type { Rows } from '../store/system-database.js';
import { queueMail, type Mail } from './queue-mail.js';

/** Of one kind to one address, whoever asks for them: nobody's mailbox is flooded through us. */
const MAILS_PER_HOUR = 5;

/** Whether one more mail of the kind may go to the address; counts it. */
export async function mayMail(rows: Rows, { recipient, kind }: Pick<Mail, 'recipient' | 'kind'>): Promise<boolean> {
  const limit = { counted: `mail:${kind}:${recipient}`, attempts: MAILS_PER_HOUR, windowSeconds: 3_600 };
  return (await claimAttempts(rows, [limit])).kind === 'claimed';
}

/** Queues a mail, or none where too many of the kind went to the address within the hour; no answer tells which. */
export async function queueLimitedMail(rows: Rows, seal: Seal, mail: Mail): Promise<boolean> {
  if (!(await mayMail(rows, mail))) return false;
  await queueMail(rows, seal, mail);
  return true;
}
