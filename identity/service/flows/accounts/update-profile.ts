import { Conflict } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { isDuplicate } from '../../store/system-database.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { displayNameText, usernameText } from './account-texts.js';
import type { Self } from './require-self.js';

export const updateProfileInput = z.strictObject({
  displayName: displayNameText.nullish(),
  username: usernameText.nullish(),
});

/** Who looks for names that are taken does it slowly, and is seen in the audit. */
const USERNAMES = { attempts: 10, windowSeconds: 3_600 };

/**
 * Changes how a person is called: what is left out stays, and a user name of null is given up. Throws `Conflict` for a user
 * name that is taken, which a person who chooses one has to know, and `RateLimited`.
 */
export async function updateProfile(
  { displayName, username }: z.output<typeof updateProfileInput>,
  { userId, tenantId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const { db } = deps;
  const audited = { tenantId, origin, action: 'identity.update-profile' };
  const subject = { type: 'User', id: userId };
  const changed = [...(displayName ? ['displayName'] : []), ...(username === undefined ? [] : ['username'])];
  if (username) await requireAttempts(db.rows, [{ counted: `username:${userId}`, ...USERNAMES }]);
  await auditRefusals(audited, deps, async () => {
    try {
      await db.transaction(async (rows) => {
        await rows(
          `update users set display_name = coalesce($2, display_name),
             username = case when $3 then $4 else username end, updated_at = stack_now() where id = $1`,
          [userId, displayName ?? null, username !== undefined, username ?? null],
        );
        await appendAudit(rows, { ...audited, outcome: 'success', subject, details: { changed } });
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      const taken = new Conflict('That user name is taken. Choose another one.', 'input.username');
      throw new Refusal(taken, 'the user name is taken', subject);
    }
  });
}
