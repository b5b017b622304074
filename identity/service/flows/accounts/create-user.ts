import { Conflict, type UserId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { z } from 'zod';
import { passwordText } from '../../passwords/passwords.js';
import type { FlowDeps } from '../flow-deps.js';
import { displayNameText, emailText, usernameText } from './account-texts.js';
import { makeUser } from './make-user.js';

const newUser = z.strictObject({
  email: emailText,
  username: usernameText.optional(),
  displayName: displayNameText,
  password: passwordText,
  platformAdmin: z.boolean().default(false),
});

/**
 * A person, in no tenant yet; whoever makes them vouches for their address and for their password. Throws `BadUserInput`,
 * and `Conflict` when address or user name is taken: for callers who may know that.
 */
export async function createUser(input: z.input<typeof newUser>, { db, passwords }: FlowDeps): Promise<UserId> {
  const { password, username = null, ...person } = parseInput(newUser, input);
  const passwordHash = await passwords.hash(password);
  return db.transaction(async (rows) => {
    const made = await makeUser(rows, { ...person, username, passwordHash });
    if (made.kind === 'taken') throw new Conflict('That e-mail address or user name is taken.');
    return made.userId;
  });
}
