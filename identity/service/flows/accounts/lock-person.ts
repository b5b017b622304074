import type { UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

export interface LockedPerson {
  readonly id: UserId;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly active: boolean;
}

/**
 * Holds people still until the commit: the first lock, but for their tenant's, of every change of what they may do or how
 * they sign in, before the audit, whose head is held from then on, and before their sessions, which are ended after it. A
 * sign-in shares the row (`holdCredential`), and so is either among the sessions that the change ends or sees the change.
 * `no key update` is as much as that takes: what merely refers to a person is written meanwhile.
 */
export const lockPeople = (rows: Rows, userIds: readonly string[]): Promise<readonly LockedPerson[]> =>
  rows<LockedPerson>(
    `select id, email, email_verified_at is not null as "emailVerified", status = 'active' as active
     from users where id = any ($1::uuid[]) order by id for no key update`,
    [userIds],
  );

/** null: there is no such person. */
export async function lockPerson(rows: Rows, userId: string): Promise<LockedPerson | null> {
  const [person] = await lockPeople(rows, [userId]);
  return person ?? null;
}
