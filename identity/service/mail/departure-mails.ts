import type { Mail } from './queue-mail.js';
import { written } from './written.js';

const day = (date: Date): string => date.toISOString().slice(0, 10);

export const archiveReadyMail = ({ recipient, expiresAt }: { recipient: string; expiresAt: Date }): Mail => ({
  recipient,
  kind: 'archive-ready',
  subject: 'Your export is ready',
  text: written(
    `the archive you asked for is ready. It can be fetched until ${day(expiresAt)}, by whoever it is for, signed in within the last ten minutes.`,
    'If that was not you, change your password now.',
  ),
});

export const tenantDeletionMail = (deletion: { recipient: string; slug: string; erasesAt: Date }): Mail => ({
  recipient: deletion.recipient,
  kind: 'tenant-deletion',
  subject: `"${deletion.slug}" is going to be deleted`,
  text: written(
    `the tenant "${deletion.slug}" was given up by one of its owners, or by whoever operates this service. Nobody signs in to it any more, and on ${day(deletion.erasesAt)} everything in it is erased for good.`,
    'Until then it can be kept: ask whoever operates this service.',
  ),
});

export const accountDeletionMail = ({ recipient }: { recipient: string }): Mail => ({
  recipient,
  kind: 'account-deletion',
  subject: 'Your account is deleted',
  text: written(
    'your account was deleted, as you asked for, signed in. Everything that is yours alone is erased soon.',
    'What you made for others stays with them, under a number that names nobody.',
  ),
});
