import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { withoutProgress, type CommandOutcome, type CommandPlace } from './run-command.js';

const STACK = join(process.cwd(), 'scripts/bin/stack.js');

/** `stack <args>` as the program itself: its exit code, and what is on its two streams. */
export const runProgram = (
  { root, env }: CommandPlace,
  args: readonly string[],
): Promise<Omit<CommandOutcome, 'error'>> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [STACK, ...args], { cwd: root, env }, (_failed, printed, complained) =>
      resolve({
        exitCode: child.exitCode as CommandOutcome['exitCode'],
        printed,
        complained: withoutProgress(complained),
      }),
    );
  });
