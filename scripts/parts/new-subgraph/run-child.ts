import { spawn } from 'node:child_process';

export interface ChildRun {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface ChildEnded {
  readonly code: number | NodeJS.Signals;
  readonly printed: string;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/** From the polite signal to the other one. */
const ENDS_WITHIN_MS = 5_000;

/**
 * Runs a Node program to its end. When `signal` aborts, it ends with everything it has started: only then is nothing
 * written any more. Rejects where it cannot be started.
 */
export function runChild(args: readonly string[], { cwd, env, signal }: ChildRun): Promise<ChildEnded> {
  return new Promise((resolve, reject) => {
    // A group of its own: a Ctrl-C reaches us, and we end all of the group in order.
    const child = spawn(process.execPath, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, printed] = ['', ''];
    child.stdout.on('data', (text) => {
      output += text;
      printed += text;
    });
    child.stderr.on('data', (text) => (output += text));
    let late: NodeJS.Timeout | undefined;
    const end = (how: NodeJS.Signals): void => {
      try {
        process.kill(process.platform === 'win32' ? child.pid! : -child.pid!, how);
      } catch {
        // All of it has ended by itself.
      }
    };
    const stop = (): void => {
      end('SIGTERM');
      late = setTimeout(() => end('SIGKILL'), ENDS_WITHIN_MS);
    };
    child.on('error', reject);
    child.on('spawn', () => {
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    child.on('close', (code, how) => {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
      if (signal.aborted) end('SIGKILL'); // grandchildren without our pipes
      resolve({ code: how ?? code ?? -1, printed, output });
    });
  });
}
