import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { endSessions, lockPeople } from './sessions-of.js';

export const signOutEverywhereInput = z.strictObject({ keepThis: z.boolean().default(false) });

/** Ends every session of the person, in every tenant of theirs; `keepThis`: but this one. Answers how many. */
export function signOutEverywhere(
  { keepThis }: z.output<typeof signOutEverywhereInput>,
  { userId, tenantId, sessionId }: Self,
  origin: Origin,
  { db }: FlowDeps,
): Promise<number> {
  return db.transaction(async (rows) => {
    await lockPeople(rows, [userId]);
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.sign-out-everywhere',
      outcome: 'success',
      details: { keepThis },
    });
    const ended = await endSessions(rows, { userIds: [userId], tenantId: null, but: keepThis ? sessionId : null });
    await appendRevocations(rows, 'session', ended);
    return ended.length;
  });
}
