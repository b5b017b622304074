import { Command, CommanderError } from 'commander';
import { exitCodeOf } from '../command-line.js';
import { ExitCode, type CommandWorld } from '../commands/command.js';
import { readSettings } from '../settings/settings.js';

/** Where a command runs, and with what. */
export interface CommandPlace {
  /** The folder of the project. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What came of it. Paths below the root begin with `.`; the progress of what takes over a second is left out. */
export interface CommandOutcome {
  readonly exitCode: ExitCode;
  readonly printed: string;
  readonly complained: string;
  /** What was thrown: the command line makes one sentence of it. null: nothing was. */
  readonly error: string | null;
}

/** As the command line has it for this command. */
type Register = (program: Command, world: CommandWorld) => void | Promise<void>;

/** `stack <args>` in this process, with these commands alone. An argument that begins with `./` is below the root. */
export async function runCommand(
  commands: readonly Register[],
  place: CommandPlace,
  args: readonly string[],
): Promise<CommandOutcome> {
  let [printed, complained] = ['', ''];
  const print = (text: string): void => void (printed += text);
  const complain = (text: string): void => void (complained += text);
  const program = new Command('stack').exitOverride().configureOutput({ writeOut: print, writeErr: complain });
  const told = (text: string): string => text.replaceAll(place.root, '.');
  let error: string | null = null;
  process.exitCode = ExitCode.Ok;
  try {
    for (const register of commands) await register(program, worldIn(place, print, complain));
    await program.parseAsync(
      args.map((arg) => arg.replace(/^\.\//, `${place.root}/`)),
      { from: 'user' },
    );
  } catch (thrown) {
    process.exitCode = exitCodeOf(thrown, args[0]);
    if (!(thrown instanceof CommanderError && thrown.exitCode === 0)) error = told((thrown as Error).message); // --help
  }
  const exitCode = process.exitCode as ExitCode;
  process.exitCode = ExitCode.Ok; // that of the tests
  return { exitCode, printed: told(printed), complained: withoutProgress(told(complained)), error };
}

/** What a command opens by itself, opened by a test: nobody hears what it says. */
export const worldIn = (
  { root, env }: CommandPlace,
  print: CommandWorld['print'] = () => undefined,
  complain: CommandWorld['complain'] = () => undefined,
): CommandWorld => ({
  settings: () => readSettings(env, root),
  root,
  env,
  colours: false,
  terminal: false,
  print,
  complain,
});

export const withoutProgress = (complained: string): string =>
  complained.replaceAll(/^ {2}.*(?: …|: done in [\d.]+ s)\n/gm, '');
