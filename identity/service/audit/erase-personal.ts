import type { UserId } from '@inevitable/contract';
import type { Rows } from '../store/system-database.js';

/**
 * Erases what the audit keeps apart of a person, in every chain: addresses, devices, names. The events stay, with ids, and
 * the chains hold, because they were made over salted hashes whose salt goes, too. Answers of how many events.
 */
export async function erasePersonal(rows: Rows, userId: UserId): Promise<number> {
  const [erased] = await rows<{ events: number }>(
    `with erased as (delete from audit_personal where user_id = $1 returning 1)
     select count(*)::int as events from erased`,
    [userId],
  );
  return erased!.events;
}
