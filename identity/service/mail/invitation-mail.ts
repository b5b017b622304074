import type { LinkToMail } from './account-mails.js';
import type { Mail } from './queue-mail.js';

/** Where an invitation is accepted; the token is behind the `#`, which no server's log sees. */
export const invitationLink = (publicUrl: string, token: string): string =>
  `${publicUrl}/auth/invitation#token=${token}`;

/** The tenant's short name alone, which is letters, digits and hyphens: our mail carries nobody's advertisement. */
export const invitationMail = ({ recipient, publicUrl, token, slug }: LinkToMail & { slug: string }): Mail => ({
  recipient,
  kind: 'invitation',
  subject: `You are invited to "${slug}"`,
  text: `${[
    'Hello,',
    `a member of the tenant "${slug}" invites you to it. To accept within 7 days, open`,
    invitationLink(publicUrl, token),
    'If you have an account with this address, sign in first. If you know nobody there, do nothing.',
  ].join('\n\n')}\n`,
});
