import { Conflict, NotFound, type TenantId, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { queueMail } from '../../mail/queue-mail.js';
import { accountDeletionMail } from '../../mail/departure-mails.js';
import { appendEnded } from '../../revocation/append-ended.js';
import { isDuplicate, type Rows } from '../../store/system-database.js';
import { addErasedParts, addOrder, SHORTEST_GRACE_SECONDS } from '../../data-orders/data-orders.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import { voidTokensOfPerson } from '../../tokens/one-time-tokens.js';
import { lockPerson } from './lock-person.js';
import type { Self } from './require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { idText } from '../id-text.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';

export const deleteAccountInput = z.strictObject({ id: idText });

export interface AccountDeletion {
  readonly userId: UserId;
  readonly erasesAt: Date;
}

/**
 * Gives up the caller's own account: it signs in nowhere from now on, its memberships, sessions and API keys end, and soon
 * everything that is the person's own is erased. What they made in a tenant stays the tenant's, under an id that names
 * nobody. Throws `FreshSignInNeeded`, `NotFound` for another id, and `Conflict` for the last owner of a tenant.
 */
export async function deleteAccount(
  { id }: z.output<typeof deleteAccountInput>,
  { userId, sessionId }: Self,
  origin: Origin,
  deps: FlowDeps,
): Promise<AccountDeletion> {
  if (id !== userId) throw new NotFound('account');
  await assertFreshSignIn(sessionId, deps);
  try {
    return await deps.db.transaction((rows) => giveUp(rows, userId, origin, deps));
  } catch (error) {
    throw isDuplicate(error) ? new Conflict('The account is being deleted.') : error;
  }
}

async function giveUp(
  rows: Rows,
  userId: UserId,
  origin: Origin,
  { seal, products }: FlowDeps,
): Promise<AccountDeletion> {
  // Tenants before the person, as whoever ends a membership locks them; in one order, so that no two of them wait for each other.
  const tenants = await rows<{ id: TenantId; slug: string }>(
    `select id, slug from tenants where id in (select tenant_id from memberships where user_id = $1 and status = 'active')
       and status <> 'deleting'
     order by id for no key update`,
    [userId],
  );
  for (const tenant of tenants) await assertNotLastOwner(rows, tenant, userId);
  await assertAnotherAdministrator(rows, userId);
  const person = await lockPerson(rows, userId);
  if (!person) throw new NotFound('account');
  await rows(`update users set status = 'disabled', updated_at = stack_now() where id = $1`, [userId]);
  await voidTokensOfPerson(rows, userId);
  await rows(
    `update invitations i set status = 'revoked' from memberships m
     where m.user_id = $1 and i.tenant_id = m.tenant_id and i.invited_by = m.user_id and i.status = 'open'`,
    [userId],
  );
  const keys = await rows<{ id: string }>(
    'update api_keys set revoked_at = stack_now() where created_by = $1 and revoked_at is null returning id',
    [userId],
  );
  await rows(`update memberships set status = 'ended', updated_at = stack_now() where user_id = $1`, [userId]);
  const order = await addOrder(rows, {
    kind: 'erase',
    subject: { kind: 'person', userId },
    askedBy: userId,
    graceSeconds: SHORTEST_GRACE_SECONDS,
  });
  await addErasedParts(rows, order, products());
  // Each tenant's chain says that its member left; all of them before what tells the gateways, and in the order of their locks.
  for (const { id: tenantId } of tenants)
    await appendAudit(rows, {
      tenantId,
      origin,
      action: 'identity.leave-tenant',
      outcome: 'success',
      subject: { type: 'User', id: userId },
    });
  await queueMail(rows, seal, accountDeletionMail({ recipient: person.email }));
  await appendAudit(rows, {
    tenantId: null,
    origin,
    action: 'identity.delete-account',
    outcome: 'success',
    subject: { type: 'User', id: userId },
    details: { order: order.id, tenants: tenants.length },
  });
  await endSessionsOf(rows, { userId, keep: null });
  await appendEnded(rows, { user: [userId], apiKey: keys.map((key) => key.id) });
  return { userId, erasesAt: order.dueAt };
}

async function assertNotLastOwner(rows: Rows, tenant: { id: TenantId; slug: string }, userId: UserId): Promise<void> {
  const [owners] = await rows<{ own: boolean; others: boolean }>(
    `select coalesce(bool_or(m.user_id = $2), false) as own, coalesce(bool_or(m.user_id <> $2 and u.status = 'active'), false) as others
     from memberships m join users u on u.id = m.user_id
     where m.tenant_id = $1 and m.status = 'active' and 'owner' = any (m.roles)`,
    [tenant.id, userId],
  );
  if (owners!.own && !owners!.others)
    throw new Conflict(
      `You are the last owner of "${tenant.slug}": make somebody else an owner, or delete the tenant first.`,
    );
}

/** A stack without an administrator would need an operator at its machine to get one. */
async function assertAnotherAdministrator(rows: Rows, userId: UserId): Promise<void> {
  const [administrators] = await rows<{ own: boolean; others: boolean }>(
    `select coalesce(bool_or(id = $1), false) as own, coalesce(bool_or(id <> $1 and status = 'active'), false) as others
     from users where platform_admin`,
    [userId],
  );
  if (administrators!.own && !administrators!.others)
    throw new Conflict('You are the last platform administrator: make somebody else one first.');
}
