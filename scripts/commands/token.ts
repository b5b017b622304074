import type { Command } from 'commander';
import { pino } from 'pino';
import { Closers } from '../parts/closers.js';
import { openIdentityParts } from '../parts/identity.js';
import { openPlaces } from '../parts/open-places.js';
import { loadProducts } from '../parts/products.js';
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
      const settings = world.settings();
      const closers = new Closers();
      try {
        const { config, databases } = await openPlaces(settings, (line) => world.complain(`  ${line}\n`), closers);
        const products = await loadProducts(settings, config);
        const log = pino({ level: settings.logLevel }, pino.destination(2));
        const publicUrl = settings.publicUrl ?? 'http://127.0.0.1:8080';
        const { identity } = await openIdentityParts(settings, databases, products, publicUrl, closers, log);
        world.print(`${await identity.issueAccessToken({ login: user, ...(tenant !== undefined && { tenant }) })}\n`);
      } finally {
        await closers.closeAll();
      }
    });
}
