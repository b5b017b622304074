import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface JobProcessOptions {
  /** Of the runner's role. */
  readonly url: string;
  /** Where effects are written; the same unless told. */
  readonly ledgerUrl?: string;
  readonly workers?: number;
  readonly tenants?: readonly string[];
  /** How far its own clock is ahead. */
  readonly skewMs?: number;
  /** What running jobs get when it is told to stop. */
  readonly graceMs?: number;
  readonly withSchedule?: boolean;
  readonly failPoint?: { readonly number: number; readonly side: 'before' | 'sent' | 'after' } | null;
}

export interface JobProcess {
  readonly pid: number;
  /** Standard error: the log, and what a crash says. */
  readonly output: () => string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly hasEnded: () => boolean;
  signal(signal: NodeJS.Signals): void;
  /** It works from now on. */
  go(): void;
}

/** Starts job-process.js, which says what it does. Resolves when it is ready to go: loaded, and not yet connected. */
export async function startJobProcess({
  url,
  ledgerUrl = url,
  workers = 1,
  tenants = [],
  skewMs = 0,
  graceMs = 1_000,
  withSchedule = false,
  failPoint = null,
}: JobProcessOptions): Promise<JobProcess> {
  const orders = { url, ledgerUrl, workers, tenants, skewMs, graceMs, withSchedule, failPoint };
  const child: ChildProcess = fork(join(process.cwd(), 'tests/support/job-process.js'), [JSON.stringify(orders)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let output = '';
  let hasEnded = false;
  child.stderr!.on('data', (text) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => {
      hasEnded = true;
      resolve(signal ?? code ?? -1);
    }),
  );
  await Promise.race([
    once(child, 'message'),
    ended.then((how) => {
      throw new Error(`The worker process ended with ${how} while starting:\n${output}`);
    }),
  ]);
  return {
    pid: child.pid!,
    output: () => output,
    ended,
    hasEnded: () => hasEnded,
    signal: (signal) => void child.kill(signal),
    go: () => void child.send('go'),
  };
}

/** Started and working. */
export async function runJobProcess(options: JobProcessOptions): Promise<JobProcess> {
  const child = await startJobProcess(options);
  child.go();
  return child;
}

/** However it is: frozen ones too. */
export async function endJobProcess(child: JobProcess): Promise<void> {
  if (child.hasEnded()) return;
  child.signal('SIGKILL');
  await child.ended;
}
