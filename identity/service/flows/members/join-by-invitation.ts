import { Conflict, type UserId } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { assertHardToGuess, newPasswordText } from '../../passwords/password-policy.js';
import type { Rows } from '../../store/system-database.js';
import { displayNameText, linkTokenText, usernameText } from '../accounts/account-texts.js';
import { LinkRefused } from '../accounts/link-refused.js';
import { makeUser } from '../accounts/make-user.js';
import { NAMES_PER_LINK } from '../accounts/names-per-link.js';
import { productNames } from '../accounts/password-for.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { admit, appendAdmission, type OwnMembership } from './admit.js';
import { findOpenInvitation } from './invitations.js';
import { lockTenantInUse } from './with-locked-tenant.js';

export const joinByInvitationInput = z.strictObject({
  token: linkTokenText,
  password: newPasswordText,
  displayName: displayNameText,
  username: usernameText.nullish(),
});

export interface Joined {
  readonly userId: UserId;
  readonly email: string;
  readonly membership: OwnMembership;
}

/**
 * Makes an account for an invited person who has none, and the person a member: the token was mailed, or handed over by an
 * operator, so it proves the address. Throws `LinkRefused` for whatever is wrong with the invitation, `BadUserInput` for
 * a password that is easy to guess, and `Conflict` where the address has an account (which its owner alone can learn here)
 * or the user name is taken, and `RateLimited` for whoever tries too many of those.
 */
export function joinByInvitation(
  { token, password, displayName, username }: z.output<typeof joinByInvitationInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<Joined> {
  const { db, passwords, permissions } = deps;
  const action = 'identity.join-by-invitation';
  const refuse = (reason: string, id?: string): never => {
    const subject = id === undefined ? undefined : { type: 'Invitation', id };
    throw new Refusal(new LinkRefused(), reason, subject);
  };
  return auditRefusals({ tenantId: null, origin, action }, deps, async () => {
    const found = await findOpenInvitation(db.rows, token);
    if (!found) return refuse('no open invitation with this token');
    await assertNoAccount(db.rows, found.email);
    await requireAttempts(db.rows, [{ counted: `join-by-invitation:${found.id}`, ...NAMES_PER_LINK }]);
    const words = [found.email, displayName, username ?? '', found.slug, found.name, ...productNames(permissions)];
    assertHardToGuess(password, words, 'input.password');
    const passwordHash = await passwords.hash(password);

    return db.transaction(async (rows) => {
      const tenant = await lockTenantInUse(rows, found.tenantId, deps);
      const invitation = await findOpenInvitation(rows, token); // as it is now that nobody else changes it
      if (!tenant || !invitation) return refuse('no open invitation with this token', found.id);
      const { email } = invitation;
      const made = await makeUser(rows, { email, username: username ?? null, displayName, passwordHash });
      if (made.kind === 'taken')
        throw made.what === 'address' ? hasAccount() : new Conflict('That user name is taken.', 'input.username');
      const { userId } = made;
      const admission = await admit(rows, tenant, { invitation, token, userId });
      if (admission.kind === 'refused') return refuse(admission.reason, found.id);
      await appendAudit(rows, {
        tenantId: tenant.id,
        origin: { ...origin, actor: { kind: 'user', id: userId } },
        action,
        outcome: 'success',
        subject: { type: 'Invitation', id: invitation.id },
        details: { membershipId: admission.membership.id, roles: admission.membership.roles },
      });
      await appendAdmission(rows, userId, admission);
      return { userId, email, membership: admission.membership };
    });
  });
}

const hasAccount = () =>
  new Conflict('There is an account with this address: sign in, and accept the invitation there.', 'input.token');

async function assertNoAccount(rows: Rows, email: string): Promise<void> {
  if ((await rows('select from users where email = $1', [email])).length > 0) throw hasAccount();
}
