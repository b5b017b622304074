import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { TestDatabase } from '@inevitable/kit/testing';
import { freePort } from './free-port.js';
import { DEMO_PASSWORD, temporaryDirectory, until } from './test-stack.js';

const ROOT = process.cwd();

/** A program of the copy. */
export interface RunningInCopy {
  /** Standard output and standard error. */
  readonly output: () => string;
  /** Standard output alone. */
  readonly printed: () => string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
  kill(signal: NodeJS.Signals): void;
}

/** A copy's stack, ready. */
export interface StackOfCopy {
  /** POST of a JSON body; answers the JSON. */
  post(path: string, body: object, token?: string): Promise<Record<string, unknown>>;
  /** Answers an access token. */
  signIn(email: string): Promise<string>;
}

export interface CopyOfClone {
  readonly root: string;
  /** Starts a Node program in it, which gets nothing of our environment but where programs are, and `env`. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): RunningInCopy;
  /** Starts everything in one process, and waits until it is ready. */
  startStack(database: TestDatabase): Promise<StackOfCopy>;
  /** Ends every program that was started in it. */
  stop(): Promise<void>;
  /** The same, and removes it. */
  remove(): Promise<void>;
}

/** Made beside the sources, and not the copy's business. */
const NOT_COPIED: ReadonlySet<string> = new Set(['.git', '.data', 'node_modules', 'coverage']);

/**
 * A clone of its own, as it is on the disk and prepared: whatever a command does to it, it does nothing here. Its
 * node_modules leads back to ours, except for the links to the workspaces. `git`: it is a repository, with all of it
 * committed.
 */
export async function copyOfClone({ git = false } = {}): Promise<CopyOfClone> {
  const root = await mkdtemp(join(tmpdir(), 'stack-clone-'));
  await Promise.all(
    (await readdir(ROOT))
      .filter((entry) => !NOT_COPIED.has(entry))
      .map((entry) =>
        cp(join(ROOT, entry), join(root, entry), {
          recursive: true,
          preserveTimestamps: true,
          verbatimSymlinks: true,
          filter: (path) => relative(ROOT, path) !== 'tests/bench' && basename(path) !== 'lock',
        }),
      ),
  );
  const [ours, theirs] = [join(ROOT, 'node_modules'), join(root, 'node_modules')];
  await mkdir(theirs);
  for (const entry of await readdir(ours)) {
    if (entry !== '@inevitable' && entry !== '.package-lock.json')
      await symlink(join(ours, entry), join(theirs, entry));
  }
  for (const entry of ['@inevitable', '.package-lock.json'])
    await cp(join(ours, entry), join(theirs, entry), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
    });
  if (git) {
    const run = (...args: string[]) => promisify(execFile)('git', args, { cwd: root });
    await run('init', '--quiet');
    await run('add', '--all');
    await run('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'All');
  }
  const running = new Set<RunningInCopy>();
  const start: CopyOfClone['start'] = (args, env = {}) => {
    const started = startIn(root, args, env);
    running.add(started);
    void started.ended.then(() => running.delete(started));
    return started;
  };
  const stop = async (): Promise<void> => {
    for (const each of running) each.kill('SIGTERM');
    await Promise.all([...running].map(({ ended }) => ended));
  };
  return {
    root,
    start,
    stop,
    startStack: (database) => startStackBy(start, database),
    async remove() {
      await stop();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function startIn(root: string, args: readonly string[], env: Readonly<Record<string, string>>): RunningInCopy {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], RATE_LIMITS: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, printed] = ['', ''];
  child.stdout.on('data', (text) => {
    output += text;
    printed += text;
  });
  child.stderr.on('data', (text) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  return { output: () => output, printed: () => printed, ended, kill: (signal) => void child.kill(signal) };
}

/** Longer than the slowest machine takes; who promises less measures it. */
const READY_WITHIN_MS = 100_000;

async function startStackBy(start: CopyOfClone['start'], database: TestDatabase): Promise<StackOfCopy> {
  const [port, dataDir] = [await freePort(), await temporaryDirectory()];
  const url = `http://127.0.0.1:${port}`;
  const running = start(['scripts/bin/stack.js', 'start'], {
    ...{ PORT: String(port), DATA_DIR: dataDir, DATABASE_URL: database.url, STACK_DEMO_PASSWORD: DEMO_PASSWORD },
  });
  const died = running.ended.then(async (how) => {
    await rm(dataDir, { recursive: true, force: true });
    throw new Error(`The stack ended with ${how}:\n${running.output()}`);
  });
  died.catch(() => undefined); // once it is ready, it is to end
  const ready = until('the stack is ready', async () => (await fetch(`${url}/ready`)).ok, READY_WITHIN_MS);
  await Promise.race([died, ready]);
  const post: StackOfCopy['post'] = async (path, body, token) => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    return (await (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as never;
  };
  return {
    post,
    async signIn(email) {
      return (await post('/auth/login', { email, password: DEMO_PASSWORD }))['accessToken'] as string;
    },
  };
}
