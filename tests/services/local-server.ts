import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from '@jest/globals';
import { until } from '../support/test-stack.js';

export const isOnPath = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** Describes suites that need `command` on PATH: without it skipped with a sentence, and failed where `CI` is set. */
export function describeWith(command: string): (title: string, suite: () => void) => void {
  const isThere = isOnPath(command);
  return (title, suite) => {
    if (isThere) return describe(title, suite);
    const sentence = `There is no ${command} on PATH, so "${title}" is not tested. Install it: apt-get install ${command}.`;
    if (process.env['CI']) throw new Error(sentence);
    process.stderr.write(`\n${sentence}\n`);
    describe.skip(title, suite);
  };
}

/** A real server of Debian's packages, as a process that listens on a port of this machine. */
export class LocalServer {
  #child: ChildProcess | null = null;

  constructor(
    private readonly command: string,
    readonly port: number,
    private readonly flags: readonly string[],
  ) {}

  /** The first time, or again, on the same port; resolves when it listens. */
  async start(): Promise<void> {
    this.#child = spawn(this.command, this.flags, { stdio: 'ignore' });
    await until(`${this.command} listens`, () => this.#accepts());
  }

  /** As a power cut would: nothing is said to the clients, nothing is put in order. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** It keeps its connections, and answers nothing. */
  hang(): void {
    this.#child?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child?.kill('SIGCONT');
  }

  async #accepts(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } finally {
      socket.destroy();
    }
  }
}
