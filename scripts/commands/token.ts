import type { Command } from 'commander';
import { Closers } from '../parts/closers.js';
import { openForOperator } from '../parts/open-for-operator.js';
import type { CommandWorld } from './command.js';

const EXAMPLES = `
It needs the data directory and the database of core-identity: whoever runs it could sign tokens anyway.

Examples:
  stack token --user ada@acme.test
  curl -s http://127.0.0.1:8080/graphql -H "authorization: Bearer $(npx --no-install stack token --user ada)" \\
    -H 'content-type: application/json' -d '{"query":"{ viewer { user { email } } }"}'`;

export function tokenCommand(program: Command, world: CommandWorld): void {
  program
    .command('token')
    .description('print an access token of a user (15 minutes), for an operator at the machine')
    .requiredOption('--user <login>', "the user's e-mail address or user name")
    .option('--tenant <slug>', 'which tenant it speaks for; may be left out for a user of one')
    .addHelpText('after', EXAMPLES)
    .action(async ({ user, tenant }: { user: string; tenant?: string }) => {
      const closers = new Closers();
      try {
        const { identity } = await openForOperator(world, closers);
        world.print(`${await identity.issueAccessToken({ login: user, ...(tenant !== undefined && { tenant }) })}\n`);
      } finally {
        await closers.closeAll();
      }
    });
}
