import { Conflict, parseUserId, type UserId } from '@inevitable/contract';
import { newId, parseInput } from '@inevitable/kit';
import { z } from 'zod';
import { passwordText } from '../../passwords/passwords.js';
import { isDuplicate } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';
import { displayNameText, emailText, usernameText } from './account-texts.js';

const newUser = z.strictObject({
  email: emailText,
  username: usernameText.optional(),
  displayName: displayNameText,
  password: passwordText,
  platformAdmin: z.boolean().default(false),
});

/**
 * A person, in no tenant yet; whoever makes them vouches for their address and for their password. Throws `BadUserInput`, and `Conflict` when address or user name is taken: for callers who
 * may know that.
 */
export async function createUser(input: z.input<typeof newUser>, { db, passwords }: FlowDeps): Promise<UserId> {
  const { email, username, displayName, password, platformAdmin } = parseInput(newUser, input);
  const id = parseUserId(newId());
  try {
    await db.rows(
      `with created as (
         insert into users (id, email, username, display_name, platform_admin, email_verified_at)
         values ($1, $2, $3, $4, $5, stack_now()) returning id)
       insert into credentials (user_id, password_hash) select id, $6 from created`,
      [id, email, username ?? null, displayName, platformAdmin, await passwords.hash(password)],
    );
  } catch (error) {
    throw isDuplicate(error) ? new Conflict('That e-mail address or user name is taken.') : error;
  }
  return id;
}
