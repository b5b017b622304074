import { Command, CommanderError } from 'commander';
import { ExitCode, type CommandWorld } from './commands/command.js';
import { oneSentence } from './parts/one-sentence.js';
import { readSettings } from './settings/settings.js';

const HELP = `
Products have commands of their own: stack <product> --help

Example:
  stack start`;

type Register = (program: Command, world: CommandWorld) => void;

/** By name. Each is loaded when it is asked for: most of them load half of the stack. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  start: async () => (await import('./commands/start.js')).startCommand,
  dev: async () => (await import('./commands/dev.js')).devCommand,
  compose: async () => (await import('./commands/compose.js')).composeCommand,
  check: async () => (await import('./commands/check.js')).checkCommand,
  lint: async () => (await import('./commands/lint.js')).lintCommand,
  explain: async () => (await import('./commands/explain.js')).explainCommand,
  schema: async () => (await import('./commands/schema.js')).schemaCommand,
  documents: async () => (await import('./commands/documents.js')).documentsCommand,
  publish: async () => (await import('./commands/publish.js')).publishCommand,
  history: async () => (await import('./commands/history.js')).historyCommand,
  diff: async () => (await import('./commands/diff.js')).diffCommand,
  rollback: async () => (await import('./commands/rollback.js')).rollbackCommand,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  jobs: async () => (await import('./commands/jobs.js')).jobsCommand,
  keys: async () => (await import('./commands/keys.js')).keysCommand,
  audit: async () => (await import('./commands/audit.js')).auditCommand,
  tenant: async () => (await import('./commands/tenant.js')).tenantCommand,
  user: async () => (await import('./commands/user.js')).userCommand,
  mails: async () => (await import('./commands/mails.js')).mailsCommand,
  status: async () => (await import('./commands/status.js')).statusCommand,
  token: async () => (await import('./commands/token.js')).tokenCommand,
  new: async () => (await import('./commands/new.js')).newCommand,
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
};

/** These judge nothing: what fails in them is a failure like any other, exit code 1. */
const WITHOUT_FINDINGS: ReadonlySet<string> = new Set(['start', 'mails', 'migrate', 'token']);

/** What the command line ends with where `command` has thrown: help that was asked for is "thrown", too. */
export function exitCodeOf(error: unknown, command: string | undefined): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.CouldNotRun;
  const judges = command !== undefined && Object.hasOwn(COMMANDS, command) && !WITHOUT_FINDINGS.has(command);
  return judges ? ExitCode.CouldNotRun : 1;
}

/**
 * The `stack` command line. Ends the process: what a command could not do is one sentence on standard error and a
 * non-zero exit code, never a stack trace.
 */
export async function runCommandLine(args: readonly string[], env: NodeJS.ProcessEnv, root: string): Promise<void> {
  // Whoever read our output may go away first (`| head`, a closed terminal): that must not end a server half-way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const world: CommandWorld = {
    settings: () => readSettings(env, root),
    root,
    env,
    colours: process.stdout.isTTY && !env['NO_COLOR'],
    terminal: process.stderr.isTTY,
    print: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
  };
  const program = new Command('stack')
    .description('Inevitable Cloud Stack: one GraphQL endpoint over many product subgraphs.')
    .exitOverride();
  program.addHelpText('after', HELP);
  const asked = args[0] === 'help' ? args[1] : args[0];
  const own = asked !== undefined && Object.hasOwn(COMMANDS, asked);
  try {
    for (const name of own ? [asked] : Object.keys(COMMANDS)) (await COMMANDS[name]!())(program, world);
    if (!own && asked !== undefined && asked !== 'help' && !asked.startsWith('-')) {
      const { productCommands } = await import('./commands/product.js'); // perhaps a product
      await productCommands(program, world, asked);
    }
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) world.complain(`stack: ${oneSentence((error as Error).message)}\n`);
    process.exitCode = exitCodeOf(error, asked);
  }
  // Whatever a library left ticking must not keep a finished command alive; what was printed is flushed first.
  process.stdout.write('', () => process.exit());
}
