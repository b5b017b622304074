import type { UserId } from '@inevitable/contract';
import { queueMail } from '../../mail/queue-mail.js';
import type { Seal } from '../../store/seal.js';
import type { Rows } from '../../store/system-database.js';

const MAILS = {
  'second-factor-enabled': {
    subject: 'Your account has a second factor now',
    text: 'a code of your authenticator app is asked for at each sign-in from now on, and your other sessions were ended.',
  },
  'second-factor-disabled': {
    subject: 'Your account has no second factor any more',
    text: 'your password alone signs in now, and your other sessions were ended.',
  },
  'recovery-codes-replaced': {
    subject: 'Your account has new recovery codes',
    text: 'the recovery codes you had before do not work any more.',
  },
  'second-factor-locked': {
    subject: 'Wrong codes were entered for your account',
    text: 'somebody entered ten wrong codes of your second factor in a row. None is accepted for 15 minutes.',
  },
} as const;

export type FactorMail = keyof typeof MAILS;

/** Tells a person what happened to their second factor, in the transaction in which it did. */
export async function mailAboutFactor(rows: Rows, seal: Seal, userId: UserId, kind: FactorMail): Promise<void> {
  const [user] = await rows<{ email: string }>('select email from users where id = $1', [userId]);
  if (!user) return;
  const { subject, text } = MAILS[kind];
  const advice = 'If that was not you, change your password now.';
  await queueMail(rows, seal, { recipient: user.email, kind, subject, text: `Hello,\n\n${text}\n\n${advice}\n` });
}
