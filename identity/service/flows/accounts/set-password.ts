import type { UserId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { passwordText } from '../../passwords/passwords.js';
import { endSessionsOf } from '../../tokens/end-sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { lockPerson } from './lock-person.js';
import { replacePassword } from './replace-password.js';

export interface PasswordToSet {
  readonly userId: UserId;
  readonly password: string;
}

/** Sets a person's password and ends their sessions; the password they have already changes nothing. Throws `BadUserInput`. */
export async function setPassword({ userId, password }: PasswordToSet, { db, passwords }: FlowDeps): Promise<void> {
  const wanted = parseInput(passwordText, password, 'password');
  const [credential] = await db.rows<{ password_hash: string }>(
    'select password_hash from credentials where user_id = $1',
    [userId],
  );
  if (credential && (await passwords.verify(credential.password_hash, wanted))) return;
  const hash = await passwords.hash(wanted);
  await db.transaction(async (rows) => {
    await lockPerson(rows, userId);
    await replacePassword(rows, { userId, hash, replaces: null });
    await endSessionsOf(rows, { userId, keep: null });
  });
}
