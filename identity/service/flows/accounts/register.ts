import { Conflict } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { accountExistsMail, verifyEmailMail } from '../../mail/account-mails.js';
import { mayMail } from '../../mail/queue-limited-mail.js';
import { queueMail } from '../../mail/queue-mail.js';
import { assertHardToGuess, newPasswordText } from '../../passwords/password-policy.js';
import type { Rows } from '../../store/system-database.js';
import { newOneTimeToken } from '../../tokens/one-time-tokens.js';
import { hashOf } from '../../tokens/refresh-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { tenantName, tenantSlug } from '../tenants/tenant-texts.js';
import { claimAsking } from './claim-asking.js';
import { displayNameText, emailText, usernameText } from './account-texts.js';
import { findUser } from './find-user.js';
import { productNames } from './password-for.js';

export const registerInput = z.strictObject({
  email: emailText,
  password: newPasswordText,
  displayName: displayNameText,
  username: usernameText.nullish(),
  tenant: z.strictObject({ slug: tenantSlug, name: tenantName }),
});

export type Registration = z.output<typeof registerInput>;

const ACTION = 'identity.register';

/** The same for everybody, whether the address is known or not. */
export const ACCEPTED = Object.freeze({ accepted: true });

/**
 * Writes a sign-up down and mails a link to the address: the account is made when it is opened. To the owner of an account
 * it mails that they have one. The answer and the number of Argon2 evaluations are the same, and so is what is said of the
 * slug: it is public. Of the user name nothing is said before the address is proved. Throws `BadUserInput`, `Conflict` for
 * a slug that is taken, `RateLimited` and `TooManySignIns`.
 */
export async function register(wanted: Registration, origin: Origin, deps: FlowDeps): Promise<typeof ACCEPTED> {
  const { db, passwords, seal, publicUrl, permissions } = deps;
  const { email, password, displayName, username, tenant } = wanted;
  await claimAsking(origin, db);
  const words = [email, displayName, username ?? '', tenant.slug, tenant.name, ...productNames(permissions)];
  assertHardToGuess(password, words, 'input.password');
  await auditRefusals({ tenantId: null, origin, action: ACTION }, deps, async () => {
    if ((await db.rows('select from tenants where slug = $1', [tenant.slug])).length === 0) return;
    const taken = new Conflict(`There is a tenant "${tenant.slug}" already.`, 'input.tenant.slug');
    throw new Refusal(taken, 'the slug is taken');
  });
  const [passwordHash, owner] = await Promise.all([passwords.hash(password), findUser(db, email)]);

  await db.transaction(async (rows) => {
    const kind = owner ? 'account-exists' : 'verify-email';
    const mailed = await mayMail(rows, { recipient: email, kind });
    if (mailed && owner) await queueMail(rows, seal, accountExistsMail({ recipient: email }));
    if (mailed && !owner) {
      const token = await keepSignUp(rows, wanted, passwordHash);
      await queueMail(rows, seal, verifyEmailMail({ recipient: email, publicUrl, token, slug: tenant.slug }));
    }
    await appendAudit(rows, {
      tenantId: null,
      origin,
      action: ACTION,
      outcome: mailed && !owner ? 'success' : 'refused',
      ...(owner && { reason: 'the address has an account', subject: { type: 'User', id: owner.id } }),
      ...(!mailed && { reason: 'too many mails to this address' }),
      personal: { userId: owner?.id ?? null, data: { email } },
    });
  });
  return ACCEPTED;
}

async function keepSignUp(
  rows: Rows,
  { email, displayName, username, tenant }: Registration,
  passwordHash: string,
): Promise<string> {
  const token = newOneTimeToken();
  await rows(
    `insert into sign_ups (id, email, token_hash, password_hash, display_name, username, tenant_slug, tenant_name, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, stack_now() + interval '24 hours')`,
    [newId(), email, hashOf(token), passwordHash, displayName, username ?? null, tenant.slug, tenant.name],
  );
  return token;
}
