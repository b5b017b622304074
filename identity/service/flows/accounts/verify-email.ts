import { Conflict, parseTenantId, parseUserId, type TenantId, type UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';
import { NAMES_PER_LINK } from './names-per-link.js';
import { requireAttempts } from '../../throttling/claim-attempts.js';
import { hashOf } from '../../tokens/refresh-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { tenantSlug } from '../tenants/create-tenant.js';
import { linkTokenText, usernameText } from './account-texts.js';
import { linkRefused } from './link-refused.js';

export const verifyEmailInput = z.strictObject({
  token: linkTokenText,
  username: usernameText.nullish(),
  tenantSlug: tenantSlug.nullish(),
});

export interface EmailVerified {
  readonly email: string;
  readonly username: string | null;
  readonly tenantSlug: string;
}

interface SignUp {
  readonly id: string;
  readonly email: string;
  readonly password_hash: string;
  readonly display_name: string;
  readonly username: string | null;
  readonly tenant_slug: string;
  readonly tenant_name: string;
}

const ACTION = 'identity.verify-email';

/**
 * Makes person, tenant and membership of a sign-up: whoever has the link can read the mailbox. It signs nobody in: the
 * password that was given at sign-up does. All other sign-ups of the address end. `username` and `tenantSlug` take the
 * place of those that were asked for then, should they be taken by now. Throws `LinkRefused`, `RateLimited`, and
 * `Conflict` for an address, a user name or a slug that is taken; the link goes on working then.
 */
export async function verifyEmail(
  { token, username, tenantSlug: slug }: z.output<typeof verifyEmailInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<EmailVerified> {
  const { db } = deps;
  return auditRefusals({ tenantId: null, origin, action: ACTION }, deps, async () => {
    const [asked] = await db.rows<{ id: string }>(
      'select id from sign_ups where token_hash = $1 and expires_at > stack_now()',
      [hashOf(token)],
    );
    if (!asked) throw linkRefused();
    await requireAttempts(db.rows, [{ counted: `verify-email:${asked.id}`, ...NAMES_PER_LINK }]);
    return db.transaction((rows) => makeAccount(rows, { token, username, slug }, origin));
  });
}

interface Opened {
  readonly token: string;
  readonly username: string | null | undefined;
  readonly slug: string | null | undefined;
}

async function makeAccount(rows: Rows, { token, username, slug }: Opened, origin: Origin): Promise<EmailVerified> {
  const signUp = await lockSignUp(rows, token);
  if (!signUp) throw linkRefused(); // another link of this address was opened meanwhile
  const { email, tenant_name: name } = signUp;
  const names = { username: username ?? signUp.username, tenantSlug: slug ?? signUp.tenant_slug };
  const userId = await makeUser(rows, { ...signUp, username: names.username });
  const tenantId = await makeTenant(rows, userId, { slug: names.tenantSlug, name });
  await rows('delete from sign_ups where email = $1', [email]);
  await appendAudit(rows, {
    tenantId,
    origin: { ...origin, actor: { kind: 'user', id: userId } },
    action: ACTION,
    outcome: 'success',
    subject: { type: 'User', id: userId },
    details: { roles: ['owner'] },
    personal: { userId, data: { email } },
  });
  return { email, ...names };
}

/**
 * The sign-up of a link, with all others of its address locked, in one order: of two links of one address that are opened
 * at once the later one waits, and then finds nothing.
 */
async function lockSignUp(rows: Rows, token: string): Promise<SignUp | null> {
  const signUps = await rows<SignUp & { asked: boolean }>(
    `select *, token_hash = $1 and expires_at > stack_now() as asked from sign_ups
     where email = (select email from sign_ups where token_hash = $1) order by id for update`,
    [hashOf(token)],
  );
  return signUps.find(({ asked }) => asked) ?? null;
}

async function makeUser(rows: Rows, { email, username, display_name, password_hash }: SignUp): Promise<UserId> {
  const id = parseUserId(newId());
  const made = await rows(
    `insert into users (id, email, username, display_name, email_verified_at) values ($1, $2, $3, $4, stack_now())
     on conflict do nothing returning id`,
    [id, email, username, display_name],
  );
  if (made.length === 0) {
    if ((await rows('select from users where email = $1', [email])).length > 0)
      throw taken('address', 'This address has an account already: sign in with it.');
    throw taken('user name', 'That user name is taken. Choose another one.', 'input.username');
  }
  await rows('insert into credentials (user_id, password_hash) values ($1, $2)', [id, password_hash]);
  return id;
}

async function makeTenant(
  rows: Rows,
  owner: UserId,
  { slug, name }: { slug: string; name: string },
): Promise<TenantId> {
  const id = parseTenantId(newId());
  const made = await rows(
    'insert into tenants (id, slug, name) values ($1, $2, $3) on conflict do nothing returning id',
    [id, slug, name],
  );
  if (made.length === 0)
    throw taken('slug', `There is a tenant "${slug}" already. Choose another one.`, 'input.tenantSlug');
  await rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{owner}')`, [
    id,
    newId(),
    owner,
  ]);
  return id;
}

const taken = (what: string, message: string, field?: string): Refusal =>
  new Refusal(new Conflict(message, field), `the ${what} is taken`);
