import { BadUserInput, Conflict } from '@inevitable/contract';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { passwordText, TooManySignIns } from '../../passwords/passwords.js';
import type { Rows } from '../../store/system-database.js';
import {
  claimAttempts,
  giveBackAttempts,
  requireAttempts,
  type AttemptLimit,
} from '../../throttling/claim-attempts.js';
import { hashOf } from '../../tokens/refresh-tokens.js';
import type { FlowDeps } from '../flow-deps.js';
import { auditRefusals, Refusal } from '../refusals.js';
import { makeOwner, makeTenant } from '../tenants/make-tenant.js';
import { tenantSlug } from '../tenants/tenant-texts.js';
import { linkTokenText, usernameText } from './account-texts.js';
import { linkRefused } from './link-refused.js';
import { makeUser } from './make-user.js';
import { NAMES_PER_LINK } from './names-per-link.js';

export const verifyEmailInput = z.strictObject({
  token: linkTokenText,
  password: passwordText,
  username: usernameText.nullish(),
  tenantSlug: tenantSlug.nullish(),
});

export interface EmailVerified {
  readonly email: string;
  readonly username: string | null;
  readonly tenantSlug: string;
}

interface SignUp {
  readonly email: string;
  readonly passwordHash: string;
  readonly displayName: string;
  readonly username: string | null;
  readonly tenantSlug: string;
  readonly tenantName: string;
}

const ACTION = 'identity.verify-email';

/** The window begins with the first of them, and so outlives the link: what they have voided stays void. */
const WRONG_PASSWORDS: AttemptLimit = { attempts: 10, windowSeconds: 86_400 };

/**
 * Makes person, tenant and membership of a sign-up, for whoever has its link and the password it was made with: the link
 * proves the address, and the password that they are who signed up. Either alone is somebody else's, who signed up with a
 * stranger's address or opened a stranger's mail. It signs nobody in. All other sign-ups of the address end. `username` and
 * `tenantSlug` take the place of those that were asked for then, should they be taken by now. Throws `LinkRefused`,
 * `BadUserInput` for a wrong password, `RateLimited`, `TooManySignIns`, and `Conflict` for an address, a user name or a
 * slug that is taken; the link goes on working then.
 */
export async function verifyEmail(
  { token, password, username, tenantSlug: slug }: z.output<typeof verifyEmailInput>,
  origin: Origin,
  deps: FlowDeps,
): Promise<EmailVerified> {
  const { db } = deps;
  return auditRefusals({ tenantId: null, origin, action: ACTION }, deps, async () => {
    const [asked] = await db.rows<AskedFor>(
      'select id, password_hash as hash from sign_ups where token_hash = $1 and expires_at > stack_now()',
      [hashOf(token)],
    );
    if (!asked) throw linkRefused();
    await assertSignedUpWith(password, asked, deps);
    return db.transaction((rows) => makeAccount(rows, { token, username, slug }, origin));
  });
}

interface AskedFor {
  readonly id: string;
  /** Of the password. */
  readonly hash: string;
}

/**
 * Whoever has the link reads the mailbox, and may know that the password is another one: so people see which of two
 * sign-ups they have opened. Counted before it is compared; a right one is given back, and counts as a look at the names.
 */
async function assertSignedUpWith(
  password: string,
  { id, hash }: AskedFor,
  { db, passwords }: FlowDeps,
): Promise<void> {
  const guess = { counted: `verify-email-password:${id}`, ...WRONG_PASSWORDS };
  const name = { counted: `verify-email:${id}`, ...NAMES_PER_LINK };
  if ((await claimAttempts(db.rows, [guess])).kind === 'spent')
    throw linkRefused(undefined, 'too many wrong passwords');
  let matches: boolean;
  try {
    await requireAttempts(db.rows, [name]);
    matches = await passwords.verify(hash, password);
  } catch (error) {
    await giveBackAttempts(db.rows, error instanceof TooManySignIns ? [guess, name] : [guess]); // nothing was compared
    throw error;
  }
  const wrong = 'That is not the password that was chosen at sign-up. Sign up again if you have forgotten it.';
  if (!matches) throw new Refusal(new BadUserInput(wrong, 'input.password'), 'wrong password');
  await giveBackAttempts(db.rows, [guess]);
}

interface Opened {
  readonly token: string;
  readonly username: string | null | undefined;
  readonly slug: string | null | undefined;
}

async function makeAccount(rows: Rows, { token, username, slug }: Opened, origin: Origin): Promise<EmailVerified> {
  const signUp = await lockSignUp(rows, token);
  if (!signUp) throw linkRefused(); // another link of this address was opened meanwhile
  const { email, displayName, passwordHash, tenantName } = signUp;
  const names = { username: username ?? signUp.username, tenantSlug: slug ?? signUp.tenantSlug };
  const made = await makeUser(rows, { email, username: names.username, displayName, passwordHash });
  if (made.kind === 'taken')
    throw made.what === 'address'
      ? taken('address', 'This address has an account already: sign in with it.')
      : taken('user name', 'That user name is taken. Choose another one.', 'input.username');
  const { userId } = made;
  const tenantId = await makeTenant(rows, { slug: names.tenantSlug, name: tenantName });
  if (!tenantId)
    throw taken('slug', `There is a tenant "${names.tenantSlug}" already. Choose another one.`, 'input.tenantSlug');
  await makeOwner(rows, tenantId, userId);
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
    `select email, password_hash as "passwordHash", display_name as "displayName", username,
       tenant_slug as "tenantSlug", tenant_name as "tenantName",
       token_hash = $1 and expires_at > stack_now() as asked from sign_ups
     where email = (select email from sign_ups where token_hash = $1) order by id for update`,
    [hashOf(token)],
  );
  return signUps.find(({ asked }) => asked) ?? null;
}

const taken = (what: string, message: string, field?: string): Refusal =>
  new Refusal(new Conflict(message, field), `the ${what} is taken`);
