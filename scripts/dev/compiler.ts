import { spawn } from 'node:child_process';
import { join, sep } from 'node:path';
import type { Finding } from '@inevitable/toolchain';
import { CompilerOutput } from './compiler-output.js';
import { touchChangedSince } from './touch-changed-since.js';

/** `tsc --build --watch` beside us: what it compiles is in each workspace's `dist/`. */
export interface Compiler {
  /** False while files are being written. */
  readonly isIdle: boolean;
  /** Of the last time it was idle. */
  readonly errors: readonly Finding[];
  errorsBelow(folder: string): readonly Finding[];
  /** Leaves no process. */
  stop(): Promise<void>;
}

/** Whoever is killed stops nothing: then the compiler sees its channel to us close. */
const ENDS_WITH_US = 'data:text/javascript,process.on("disconnect",()=>process.exit())';

/**
 * Compiles the workspaces in `folders` and those they refer to: not what refers to them, which would be compiled anew with
 * every change of theirs. `onBusy`: something has changed; `onIdle`: it is compiled, and
 * perhaps has errors.
 */
export function startCompiler(
  root: string,
  folders: readonly string[],
  onBusy: () => void,
  onIdle: () => void,
): Compiler {
  let isIdle = false;
  let isStopping = false;
  let begunAt = Date.now();
  let errors: readonly Finding[] = [];
  const output = new CompilerOutput(
    root,
    () => {
      isIdle = false;
      begunAt = Date.now();
      onBusy();
    },
    (found) => {
      isIdle = true;
      errors = found;
      const since = begunAt;
      void Promise.all(folders.map((folder) => touchChangedSince(folder, since))).catch(() => undefined); // gone meanwhile
      onIdle();
    },
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(
    process.execPath,
    ['--import', ENDS_WITH_US, tsc, '--build', '--watch', '--preserveWatchOutput', '--pretty', 'false', ...folders],
    // Apart from the terminal's own signals: Ctrl-C is for us, who stop it.
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true },
  );
  const ended = new Promise<void>((resolve) => {
    const end = (why: string): void => {
      isIdle = true;
      errors = [{ code: 'COMPILER_ENDED', severity: 'error', message: why, repair: 'Start "stack dev" again.' }];
      if (!isStopping) onIdle();
      resolve();
    };
    child.on('error', (error) => end(`The TypeScript compiler cannot be started: ${error.message}`));
    child.on('close', (code) => end(`The TypeScript compiler ended (${code}): changed code is not compiled any more.`));
  });
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => output.read(text));

  return {
    get isIdle() {
      return isIdle;
    },
    get errors() {
      return errors;
    },
    errorsBelow: (folder) => errors.filter(({ place }) => place?.file.startsWith(folder + sep)),
    async stop() {
      isStopping = true;
      child.kill();
      await ended;
    },
  };
}
