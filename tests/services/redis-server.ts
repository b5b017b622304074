import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from '@jest/globals';
import { freePort, until } from '../support/test-stack.js';

const found = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });

/** A suite that needs `redis-server` on PATH: without it skipped with a sentence, and failed where `CI` is set. */
export const describeWithRedis = (title: string, suite: () => void): void => {
  if (found.status === 0) return describe(title, suite);
  const sentence = `There is no redis-server on PATH, so "${title}" is not tested. Install it: apt-get install redis-server.`;
  if (process.env['CI']) throw new Error(sentence);
  process.stderr.write(`\n${sentence}\n`);
  describe.skip(title, suite);
};

/** A real Redis server on a port of its own, which keeps nothing on disk. */
export class RedisServer {
  #child: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    readonly password: string | null,
  ) {}

  static async start(password: string | null = null): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), password);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.password === null ? '' : `:${this.password}@`}127.0.0.1:${this.port}`;
  }

  /** Again, on the same port, with nothing of what it had. */
  async start(): Promise<void> {
    const flags = ['--bind', '127.0.0.1', '--port', String(this.port), '--save', '', '--appendonly', 'no'];
    if (this.password !== null) flags.push('--requirepass', this.password);
    this.#child = spawn('redis-server', flags, { stdio: 'ignore' });
    await until('redis-server listens', () => this.#accepts());
  }

  /** As a power cut would. */
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
