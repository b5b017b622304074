import { NotFound, type SessionId, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { endSession } from '../../tokens/end-sessions.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { auditRefusals, Refusal } from '../refusals.js';

export const endSessionInput = z.strictObject({ id: idText });

/**
 * Ends one session of the person's own, in whichever tenant; that tenant's chain has it. Throws `NotFound` for another
 * person's session as for one that was ended and one that never was.
 */
export function endOwnSession(
  { id }: z.output<typeof endSessionInput>,
  { userId, tenantId: asking }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<void> {
  const action = 'identity.end-session';
  return auditRefusals({ tenantId: asking, origin, action }, deps, () =>
    deps.db.transaction(async (rows) => {
      const refusal = new Refusal(new NotFound('session'), 'no live session of this person');
      const [session] = await rows<{ id: SessionId; tenantId: TenantId }>(
        'select id, tenant_id as "tenantId" from sessions where id = $1 and user_id = $2',
        [id, userId],
      );
      if (!session) throw refusal;
      const subject = { type: 'Session', id };
      await appendAudit(rows, { tenantId: session.tenantId, origin, action, outcome: 'success', subject });
      if (!(await endSession(rows, session.id))) throw refusal;
    }),
  );
}
