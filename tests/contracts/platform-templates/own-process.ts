import { spawn, type ChildProcess } from 'node:child_process';

/** One process of a generated platform. */
export interface OwnProcess {
  readonly child: ChildProcess;
  /** What it printed so far, on both outputs. */
  readonly output: () => string;
  /** Resolves once it has printed what fits; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts a program in `folder`. It gets nothing of our environment but where programs and the home folder are. */
export function startProcess(
  command: string,
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): OwnProcess {
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
  return {
    child,
    output: () => output,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(output);
          if (!found) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        ended.then((how) => reject(new Error(`It ended with ${how} and never printed ${pattern}:\n${output}`)), reject);
      }),
    ended,
  };
}

export const startNode = (args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}) =>
  startProcess(process.execPath, args, folder, env);

/** Runs a program to its end. Rejects with what it printed when it fails, or when it has not ended after `mostMs`. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
  mostMs = 120_000,
): Promise<string> {
  const running = startProcess(command, args, folder, env);
  const late = setTimeout(() => running.child.kill('SIGKILL'), mostMs);
  const how = await running.ended;
  clearTimeout(late);
  if (how !== 0) throw new Error(`"${command} ${args.join(' ')}" ended with ${how}:\n${running.output()}`);
  return running.output();
}

/** As its README says, from its own lock file. What this machine has fetched before is not fetched again. */
export const install = (folder: string): Promise<string> =>
  runToEnd(
    process.platform === 'win32' ? 'npm.cmd' : 'npm',
    ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    folder,
    process.env as Record<string, string>, // where packages come from may be said there
  );

/** As `npm test` does. Rejects with what failed. */
export const runOwnTests = (folder: string): Promise<string> => runToEnd(process.execPath, ['--test'], folder);
