import { addressKey } from '@inevitable/contract';
import type { Origin } from '../../audit/origin.js';
import type { SystemDatabase } from '../../store/system-database.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';

/** Room for an office behind one address; too few for whoever mails half the world through us. */
const ASKED_PER_HOUR = 60;

/**
 * Counts what makes us mail somebody, by where it is asked from: it needs no account, and each address it names is
 * another one. Throws `RateLimited`.
 */
export async function claimAsking({ client: { address } }: Origin, { rows }: SystemDatabase): Promise<void> {
  if (address === null) return;
  const counted = `asking-for-mail:address:${addressKey(address)}`;
  await requireAttempts(rows, [{ counted, attempts: ASKED_PER_HOUR, windowSeconds: 3_600 }]);
}
