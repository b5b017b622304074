import type { Command } from 'commander';
import { openLog } from '../parts/open-log.js';
import { portToServe } from '../parts/port-to-serve.js';
import { progressTo } from '../parts/progress.js';
import { runUntilSignal } from '../parts/run-until-signal.js';
import type { CommandWorld } from './command.js';

const HELP = `
Everything in one process on http://127.0.0.1:8080, as "stack start" does, and what you change is served:
  a schema or supergraph.yaml   composed anew, and taken over while requests go on
  the code of a product         compiled, and that product alone loaded anew
  migrations, prisma/schema     applied, and the client generated
What does not compose, compile or load is told here and on the GraphiQL page (/graphiql), and the last good state goes on
being served. A published supergraph is not looked at. Ctrl-C ends all of it.

Exit code: 0 ended by Ctrl-C, 2 it could not start.

Examples:
  stack dev
  stack dev --port 9090`;

export function devCommand(program: Command, world: CommandWorld): void {
  program
    .command('dev')
    .description('start everything, and serve what you change while it runs')
    .option('--port <number>', 'in place of the setting PORT', portToServe)
    .addHelpText('after', HELP)
    .action(async ({ port }: { port?: number }) => {
      const given = world.settings();
      const settings = port === undefined ? given : { ...given, port };
      const log = openLog(settings.logLevel, { part: 'stack' });
      const progress = progressTo(world.print);
      const { runDev } = await import('../run/run-dev.js'); // the whole stack: not for `--help`
      const terminal = { colours: world.colours && world.terminal, complain: world.complain };
      await runUntilSignal((closers) => runDev(settings, terminal, progress, log, closers), progress.line);
    });
}
