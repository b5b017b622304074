import type { SessionId, UserId } from '@inevitable/contract';
import { parseInput } from '@inevitable/kit';
import { passwordText } from '../../passwords/passwords.js';
import { endSessionsOf } from '../../tokens/sessions.js';
import type { FlowDeps } from '../flow-deps.js';
import { lockPerson } from './lock-person.js';
import { replacePassword } from './replace-password.js';

export interface PasswordToSet {
  readonly userId: UserId;
  readonly password: string;
  /** The session the person is setting it in; null where there is none. Every other one ends. */
  readonly keep: SessionId | null;
}

/** Sets a person's password; the password they have already changes nothing. Throws `BadUserInput`. */
export async function setPassword(
  { userId, password, keep }: PasswordToSet,
  { db, passwords }: FlowDeps,
): Promise<void> {
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
    await endSessionsOf(rows, userId, keep);
  });
}
