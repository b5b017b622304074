import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';

export const signOutEverywhereInput = z.strictObject({ keepThis: z.boolean().default(false) });

/** Ends every session and half sign-in of the person, in every tenant; `keepThis`: but this one. Answers how many sessions. */
export function signOutEverywhere(
  { keepThis }: z.output<typeof signOutEverywhereInput>,
  { userId, tenantId, sessionId }: Self,
  origin: Origin,
  { db }: FlowDeps,
): Promise<number> {
  return db.transaction(async (rows) => {
    await lockPerson(rows, userId);
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.sign-out-everywhere',
      outcome: 'success',
      details: { keepThis },
    });
    return endSessionsOf(rows, { userId, keep: keepThis ? sessionId : null });
  });
}
