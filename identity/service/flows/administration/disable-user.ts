import { Conflict, NotFound, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { appendEnded } from '../../revocation/append-ended.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import { voidTokensOfPerson } from '../../tokens/one-time-tokens.js';
import { lockPerson } from '../accounts/lock-person.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { reasonText } from './set-tenant-status.js';

export const disableUserInput = z.strictObject({ id: idText, reason: reasonText });
export const enableUserInput = z.strictObject({ id: idText });

export interface UserStatusSet {
  readonly userId: UserId;
  readonly status: 'active' | 'disabled';
}

/**
 * Shuts a person out of every tenant: their sessions, half sign-ins, API keys, open invitations and links in mails end. Also
 * the last owner of a tenant: an operator can invite another one. Throws `NotFound`, and `Conflict` for oneself.
 */
export function disableUser(
  { id, reason }: z.output<typeof disableUserInput>,
  origin: Origin,
  { db }: FlowDeps,
): Promise<UserStatusSet> {
  if (origin.actor.kind === 'user' && origin.actor.id === id)
    throw new Conflict('Nobody disables themselves: another administrator can.');
  return db.transaction(async (rows) => {
    const user = await lockPerson(rows, id);
    if (!user) throw new NotFound('user');
    if (!user.active) return { userId: user.id, status: 'disabled' };
    await rows(`update users set status = 'disabled', updated_at = stack_now() where id = $1`, [id]);
    await voidTokensOfPerson(rows, id);
    const keys = await rows<{ id: string }>(
      `update api_keys k set revoked_at = stack_now() from memberships m
       where m.user_id = $1 and k.tenant_id = m.tenant_id and k.created_by = m.user_id and k.revoked_at is null
       returning k.id`,
      [id],
    );
    const invitations = await rows(
      `update invitations i set status = 'revoked' from memberships m
       where m.user_id = $1 and i.tenant_id = m.tenant_id and i.invited_by = m.user_id and i.status = 'open'
       returning i.id`,
      [id],
    );
    await appendAudit(rows, {
      tenantId: null,
      origin,
      action: 'identity.disable-user',
      outcome: 'success',
      subject: { type: 'User', id },
      details: { apiKeys: keys.length, invitations: invitations.length },
      personal: { userId: user.id, data: { reason } }, // what somebody wrote may name people
    });
    await endSessionsOf(rows, { userId: id, keep: null });
    await appendEnded(rows, { user: [id], apiKey: keys.map((key) => key.id) });
    return { userId: user.id, status: 'disabled' };
  });
}

/** Lets a person sign in again. What ended with their disabling stays ended. Throws `NotFound`, and `Conflict` for one who gave the account up. */
export function enableUser(
  { id }: z.output<typeof enableUserInput>,
  origin: Origin,
  { db }: FlowDeps,
): Promise<UserStatusSet> {
  return db.transaction(async (rows) => {
    const user = await lockPerson(rows, id);
    if (!user) throw new NotFound('user');
    if (!user.active) {
      const erasing = await rows(`select from data_orders where user_id = $1 and kind = 'erase' and state = 'open'`, [
        id,
      ]);
      if (erasing.length > 0) throw new Conflict('The account is being deleted.');
      await rows(`update users set status = 'active', updated_at = stack_now() where id = $1`, [id]);
      await appendAudit(rows, {
        tenantId: null,
        origin,
        action: 'identity.enable-user',
        outcome: 'success',
        subject: { type: 'User', id },
      });
    }
    return { userId: user.id, status: 'active' };
  });
}
