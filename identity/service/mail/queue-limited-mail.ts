import type { TenantId } from '@inevitable/contract';
import { claimAttempts } from '../throttling/claim-attempts.js';
import type { Seal } from '../store/seal.js';
import type { Rows } from '../store/system-database.js';
import { queueMail, type Mail } from './queue-mail.js';

/** Of one kind to one address: nobody's mailbox is flooded through us. A tenant's are its own: none learns of, or stops, another's. */
const MAILS_PER_HOUR = 5;

/** Whether one more mail of the kind may go to the address, in the name of a tenant or of none; counts it. */
export async function mayMail(
  rows: Rows,
  { recipient, kind }: Pick<Mail, 'recipient' | 'kind'>,
  tenantId: TenantId | null = null,
): Promise<boolean> {
  const limit = {
    counted: `mail:${kind}:${tenantId ?? ''}:${recipient}`,
    attempts: MAILS_PER_HOUR,
    windowSeconds: 3_600,
  };
  return (await claimAttempts(rows, [limit])).kind === 'claimed';
}

/** Queues a mail, or none where too many of the kind went to the address within the hour; no answer tells which. */
export async function queueLimitedMail(rows: Rows, seal: Seal, mail: Mail): Promise<boolean> {
  if (!(await mayMail(rows, mail))) return false;
  await queueMail(rows, seal, mail);
  return true;
}
