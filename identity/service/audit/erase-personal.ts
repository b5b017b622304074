import type { TenantId, UserId } from '@inevitable/contract';
import { deleteRows } from '../store/delete-rows.js';
import type { Rows } from '../store/system-database.js';
import { PLATFORM_CHAIN } from './record-text.js';

/** Of whom the audit keeps something apart from its records. */
export interface PersonInAudit {
  readonly userId: UserId;
  readonly email: string;
  readonly username: string | null;
  /** Where they are or were members: there, and in no tenant, they did something. */
  readonly tenantIds: readonly TenantId[];
}

/**
 * Erases what the audit keeps apart of a person, in every chain: addresses, devices, names, also where somebody else did
 * something to them, or they did something to somebody else. The events stay, with ids, and the chains hold, because they
 * were made over salted hashes whose salt goes, too. Answers of how many events.
 */
export async function erasePersonal(
  rows: Rows,
  { userId, email, username, tenantIds }: PersonInAudit,
): Promise<number> {
  const about = await deleteRows(
    rows,
    `delete from audit_personal
     where user_id = $1 or data ->> 'email' = $2 or data ->> 'before' = $2 or data ->> 'login' = any ($3)`,
    [userId, email, username === null ? [email] : [email, username]],
  );
  const by = await deleteRows(
    rows,
    `delete from audit_personal p using audit_events e
     where e.tenant_id = p.tenant_id and e.id = p.event_id and e.tenant_id = any ($2) and e.actor_id = $1`,
    [userId, [...tenantIds, PLATFORM_CHAIN]],
  );
  return about + by;
}
