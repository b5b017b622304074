import type { Mail } from './queue-mail.js';

export interface SmtpSettings {
  /** `smtp://` or `smtps://`, with `user:password@` where the server wants them; further options of nodemailer as its query. */
  readonly url: string;
  /** Whom mails are from: `stack@example.com`, or `Our Stack <stack@example.com>`. */
  readonly from: string;
}

/** The mail server cannot be used; the message says which and why, and holds no password. */
export class MailServerUnusable extends Error {}

/** What came of one mail. `refused`: the server will not take it, however often it is asked. `unreachable`: it takes none. */
export type Delivery =
  { readonly kind: 'sent' } | { readonly kind: 'refused' | 'failed' | 'unreachable'; readonly failure: string };

export interface Mailer {
  /** Never throws. The same `id` is the same Message-ID, by which a copy is recognised. */
  deliver(id: string, mail: Omit<Mail, 'kind'>): Promise<Delivery>;
  close(): void;
}

/** A run of the job must end long before the next but one begins. */
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, dnsTimeout: 10_000, socketTimeout: 20_000 };

/** nodemailer's words for a server that takes nothing from us. */
const UNREACHABLE = [
  'ECONNECTION',
  'ESOCKET',
  'ETIMEDOUT',
  'EDNS',
  'ETLS',
  'EREQUIRETLS',
  'EAUTH',
  'ENOAUTH',
  'EOAUTH2',
];

/** Signs in to the mail server once. Throws `MailServerUnusable`. */
export async function openMailer({ url, from }: SmtpSettings): Promise<Mailer> {
  const { hostname, port, protocol } = new URL(url);
  // nodemailer takes a tenth of a second of CPU to load: only who has a mail server loads it.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({ ...TIMEOUTS, url, disableFileAccess: true, disableUrlAccess: true });
  try {
    await transport.verify();
  } catch (error) {
    transport.close();
    const place = `${hostname}:${port || (protocol === 'smtps:' ? '465' : '587')}`;
    throw new MailServerUnusable(`the mail server at ${place} cannot be used: ${failureOf(error)}`, { cause: error });
  }
  const domain = /@([^@\s>]+)>?$/.exec(from)?.[1] ?? hostname;
  return {
    async deliver(id, { recipient, subject, text }) {
      try {
        await transport.sendMail({
          messageId: `<${id}@${domain}>`,
          from,
          to: { name: '', address: recipient }, // an address as it is, and never a list of them
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834: nobody's absence is told to us
        });
        return { kind: 'sent' };
      } catch (error) {
        return { kind: kindOf(error as SmtpError), failure: failureOf(error) };
      }
    },
    close: () => transport.close(),
  };
}

interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
}

function kindOf({ code = '', responseCode = 0 }: SmtpError): 'refused' | 'failed' | 'unreachable' {
  if (UNREACHABLE.includes(code)) return 'unreachable';
  return responseCode >= 500 ? 'refused' : 'failed';
}

/** Codes alone: what a server says may repeat the address, or worse. */
function failureOf(error: unknown): string {
  const { code, originalCode, responseCode } = error as SmtpError;
  const codes = [originalCode ?? code, responseCode].filter((each) => each !== undefined);
  return codes.join(' ') || 'it failed';
}
