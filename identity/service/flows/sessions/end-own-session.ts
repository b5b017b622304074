import { NotFound, type TenantId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { auditRefusals, Refusal } from '../refusals.js';

export const endSessionInput = z.strictObject({ id: idText });

/**
 * Ends one session of the person's own, in whichever tenant; that tenant's chain has it. Throws `NotFound` for another
 * person's session as for one that is over and one that never was.
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
      const [session] = await rows<{ tenantId: TenantId }>(
        'select tenant_id as "tenantId" from sessions where id = $1 and user_id = $2',
        [id, userId],
      );
      if (!session) throw refusal;
      const subject = { type: 'Session', id };
      await appendAudit(rows, { tenantId: session.tenantId, origin, action, outcome: 'success', subject });
      const ended = await rows(
        `update sessions set ended_at = stack_now()
         where id = $1 and user_id = $2 and ended_at is null and expires_at > stack_now() returning id`,
        [id, userId],
      );
      if (ended.length === 0) throw refusal;
      await appendRevocations(rows, 'session', [id]);
    }),
  );
}
