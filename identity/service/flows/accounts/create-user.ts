import { Conflict, parseUserId, type UserId } from '@inevitable/contract';
import { newId, parseInput, plainText } from '@inevitable/kit';
import { z } from 'zod';
import { passwordText } from '../../passwords/passwords.js';
import { isDuplicate } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';
import { canonicalLogin } from './canonical-login.js';

const newUser = z.strictObject({
  email: plainText({ min: 1, max: 320 }).transform(canonicalLogin).pipe(z.email('is not an e-mail address').max(254)),
  username: plainText({ min: 1, max: 100 })
    .transform(canonicalLogin)
    .pipe(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,38}$/, 'is 1 to 39 letters, digits, dots, hyphens and underscores'))
    .optional(),
  displayName: plainText({ min: 1, max: 200 }),
  password: passwordText,
  platformAdmin: z.boolean().default(false),
});

/**
 * A person, in no tenant yet. Throws `BadUserInput`, and `Conflict` when address or user name is taken: for callers who
 * may know that.
 */
export async function createUser(input: z.input<typeof newUser>, { db, passwords }: FlowDeps): Promise<UserId> {
  const { email, username, displayName, password, platformAdmin } = parseInput(newUser, input);
  const id = parseUserId(newId());
  try {
    await db.rows(
      `with created as (
         insert into users (id, email, username, display_name, platform_admin) values ($1, $2, $3, $4, $5) returning id)
       insert into credentials (user_id, password_hash) select id, $6 from created`,
      [id, email, username ?? null, displayName, platformAdmin, await passwords.hash(password)],
    );
  } catch (error) {
    throw isDuplicate(error) ? new Conflict('That e-mail address or user name is taken.') : error;
  }
  return id;
}
