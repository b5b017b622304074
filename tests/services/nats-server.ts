import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { freePort, until } from '../support/test-stack.js';

const found = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });

/** A suite that needs `nats-server` on PATH: without it skipped with a sentence, and failed where `CI` is set. */
export const describeWithNats = (title: string, suite: () => void): void => {
  if (found.status === 0) return describe(title, suite);
  const sentence = `There is no nats-server on PATH, so "${title}" is not tested. Install it: apt-get install nats-server.`;
  if (process.env['CI']) throw new Error(sentence);
  process.stderr.write(`\n${sentence}\n`);
  describe.skip(title, suite);
};

/** A real NATS server on a port and a store of its own. */
export class NatsServer {
  #child: ChildProcess | null = null;

  private constructor(
    readonly port: number,
    private readonly store: string | null,
    private readonly flags: readonly string[],
  ) {}

  /** `flags` as nats-server takes them. */
  static async start(...flags: string[]): Promise<NatsServer> {
    const store = await mkdtemp(join(tmpdir(), 'nats-store-'));
    return NatsServer.#with(store, ['--jetstream', '--store_dir', store, ...flags]);
  }

  static startWithoutJetStream(): Promise<NatsServer> {
    return NatsServer.#with(null, []);
  }

  static async #with(store: string | null, flags: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), store, flags);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Again, on the same port and the same store. */
  async start(): Promise<void> {
    const flags = ['--addr', '127.0.0.1', '--port', String(this.port), ...this.flags];
    this.#child = spawn('nats-server', flags, { stdio: 'ignore' });
    await until('nats-server listens', () => this.#accepts());
  }

  /** As a power cut would: nothing is said to the clients, nothing is put in order. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Forgets all it stored, as a server that is set up anew. Killed before. */
  async forget(): Promise<void> {
    if (this.store) await rm(this.store, { recursive: true });
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.store) await rm(this.store, { recursive: true, force: true });
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
