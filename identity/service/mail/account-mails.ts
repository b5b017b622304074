import type { Mail } from './queue-mail.js';
import { written } from './written.js';

// Nothing that somebody else has chosen stands in these, but for a tenant's short name, which is letters, digits and
// hyphens: our mail carries nobody's advertisement. The token is behind the `#`, which no server's log sees.

export interface LinkToMail {
  readonly recipient: string;
  readonly publicUrl: string;
  readonly token: string;
}

/** To a page of identity's own (routes/link-page). */
const link = (publicUrl: string, page: string, token: string): string => `${publicUrl}/auth/${page}#token=${token}`;

export const verifyEmailMail = ({ recipient, publicUrl, token, slug }: LinkToMail & { slug: string }): Mail => ({
  recipient,
  kind: 'verify-email',
  subject: 'Confirm your e-mail address',
  text: written(
    `this address was used to sign up, with a new tenant "${slug}". To confirm it within 24 hours, open`,
    link(publicUrl, 'verify-email', token),
    'and enter the password that was chosen then. If you did not sign up, do nothing: there will be no account.',
  ),
});

export const accountExistsMail = ({ recipient }: Pick<Mail, 'recipient'>): Mail => ({
  recipient,
  kind: 'account-exists',
  subject: 'You have an account already',
  text: written(
    'somebody asked for an account with this address, and there is one already: nothing has changed.',
    'If that was you, sign in with it, or reset its password. If it was not, you need not do anything.',
  ),
});

export const resetPasswordMail = ({ recipient, publicUrl, token }: LinkToMail): Mail => ({
  recipient,
  kind: 'reset-password',
  subject: 'Choose a new password',
  text: written(
    'a new password was asked for, for the account with this address. To choose one within 30 minutes, open',
    link(publicUrl, 'reset-password', token),
    'If that was not you, do nothing: the old password stays.',
  ),
});

export const passwordChangedMail = ({ recipient }: Pick<Mail, 'recipient'>): Mail => ({
  recipient,
  kind: 'password-changed',
  subject: 'Your password was changed',
  text: written(
    'the password of your account was changed, and its other sessions were ended.',
    'If that was not you, reset your password now.',
  ),
});

export const changeEmailMail = ({ recipient, publicUrl, token }: LinkToMail): Mail => ({
  recipient,
  kind: 'change-email',
  subject: 'Confirm your new e-mail address',
  text: written(
    'an account is to have this address from now on. To confirm that within an hour, open',
    link(publicUrl, 'change-email', token),
    'If that was not you, do nothing: no account will have this address.',
  ),
});

/** To the address an account still has. */
export const emailChangeAskedMail = ({ recipient }: Pick<Mail, 'recipient'>): Mail => ({
  recipient,
  kind: 'email-change-asked',
  subject: 'Your e-mail address is to be changed',
  text: written(
    'somebody who is signed in to your account asked for another e-mail address for it.',
    'If that was not you, change your password now: that also stops the change of the address.',
  ),
});

/** To the address an account had. */
export const emailChangedMail = ({ recipient }: Pick<Mail, 'recipient'>): Mail => ({
  recipient,
  kind: 'email-changed',
  subject: 'Your e-mail address was changed',
  text: written(
    'your account has another e-mail address now, and this one does not open it any more.',
    "If that was not you, tell your tenant's administrators now.",
  ),
});
