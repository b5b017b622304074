import { Command, CommanderError } from 'commander';
import { composeCommand } from './commands/compose.js';
import { ExitCode, type CommandWorld } from './commands/command.js';
import { startCommand } from './commands/start.js';
import { readSettings } from './settings/settings.js';

const HELP = `
Products have commands of their own: stack <product> --help

Example:
  stack start`;

/**
 * The `stack` command line. Ends the process: what a command could not do is one sentence on standard error and a
 * non-zero exit code, never a stack trace.
 */
export async function runCommandLine(args: readonly string[], env: NodeJS.ProcessEnv, root: string): Promise<void> {
  // Whoever read our output may go away first (`| head`, a closed terminal): that must not end a server half-way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const world: CommandWorld = {
    settings: () => readSettings(env, root),
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
  };
  const program = new Command('stack')
    .description('Inevitable Cloud Stack: one GraphQL endpoint over many product subgraphs.')
    .exitOverride();
  program.addHelpText('after', HELP);
  startCommand(program, world);
  composeCommand(program, world);
  try {
    // These load core-identity: only when they are asked for.
    if (args[0] !== 'start' && args[0] !== 'compose') {
      const [{ migrateCommand }, { tokenCommand }] = await Promise.all([
        import('./commands/migrate.js'),
        import('./commands/token.js'),
      ]);
      migrateCommand(program, world);
      tokenCommand(program, world);
      const asked = args[0] === 'help' ? args[1] : args[0];
      if (asked !== undefined && isForeign(asked, program)) {
        const { productCommands } = await import('./commands/product.js');
        await productCommands(program, world, asked);
      }
    }
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? ExitCode.Ok : ExitCode.CouldNotRun;
    } else {
      world.complain(`stack: ${(error as Error).message}\n`);
      process.exitCode = args[0] === 'compose' ? ExitCode.CouldNotRun : 1;
    }
  }
  // Whatever a library left ticking must not keep a finished command alive; what was printed is flushed first.
  process.stdout.write('', () => process.exit());
}

/** Neither an option nor one of the commands made here: perhaps a product. */
const isForeign = (word: string, program: Command): boolean =>
  !word.startsWith('-') && word !== 'help' && !program.commands.some((command) => command.name() === word);
