import { asJson } from '@inevitable/toolchain/compose';
import type { Command } from 'commander';
import { Closers } from '../parts/closers.js';
import { openForOperator } from '../parts/open-for-operator.js';
import type { CommandWorld } from './command.js';

const HELP = `
Without a mail server (SMTP_URL) mails stay where they were written, for 30 days; sent ones stay for 7. Links in them work,
so there is no such command where DEPLOYMENT_CONTEXT is "customer". It needs the data directory and the database of
core-identity.

Examples:
  stack mails --to ada@acme.test          the link to verify an address, or to set a password
  stack mails --to ada@acme.test --json`;

/** Reads what was mailed on a developer's machine. */
export function mailsCommand(program: Command, world: CommandWorld): void {
  program
    .command('mails')
    .description('what was mailed to an address, the oldest first; not where customers are')
    .requiredOption('--to <address>', 'the e-mail address')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async ({ to, json }: { to: string; json?: true }) => {
      const closers = new Closers();
      try {
        const { identity } = await openForOperator(world, closers);
        const mails = await identity.readMails(to);
        if (json) world.print(`${asJson({ mails })}\n`);
        else if (mails.length === 0) world.complain(`Nothing was mailed to ${to}.\n`);
        else world.print(`${mails.map(inText).join('\n\n')}\n`);
      } finally {
        await closers.closeAll();
      }
    });
}

const inText = ({ createdAt, sentAt, subject, text }: Mail): string =>
  `${createdAt.toISOString()}  ${sentAt ? 'sent' : 'not sent'}  ${subject}\n\n${text}`;

interface Mail {
  readonly createdAt: Date;
  readonly sentAt: Date | null;
  readonly subject: string;
  readonly text: string;
}
