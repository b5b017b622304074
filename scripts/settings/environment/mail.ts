import { z } from 'zod';
import { setting, type SettingGroup } from './setting.js';

const smtpUrl = z.url({ protocol: /^smtps?$/, hostname: /./ });
const sender = z
  .string()
  .regex(
    /^(?:[^<>"\p{Cc}]+ <[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+>|[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+)$/u,
    'it has to be like stack@example.com, or Our Stack <stack@example.com>',
  );

export const mail = {
  title: 'Mail',
  settings: {
    SMTP_URL: setting(smtpUrl.optional(), {
      unset: "mails stay in core-identity's table; `stack mails --to <address>` shows them",
      readBy: 'identity, one process',
      meaning:
        'the mail server: `smtp://` (port 587 unless told; TLS where the server offers it, `?requireTLS=true` insists on it) or `smtps://` (465), with `user:password@` where it wants a login. Set while the server is down or refuses the login, neither starts',
      example: 'smtps://stack:<password>@mail.example.com',
    }),
    MAIL_FROM: setting(sender.optional(), {
      readBy: 'identity, one process',
      meaning: 'whom mails are from: an address, or a name with an address in angle brackets',
      example: 'Our Stack <stack@example.com>',
    }),
  },
  note: '`SMTP_URL` and `MAIL_FROM` belong together: one without the other stops the start. Mails carry links that work; they are kept encrypted, for 7 days after they were sent and for 30 where they could not be.',
} satisfies SettingGroup;
