import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { describeWith, isOnPath, LocalServer } from './local-server.js';

export const hasNats = isOnPath('nats-server');
export const describeWithNats = describeWith('nats-server');

/** A real NATS server on a port and a store of its own. */
export class NatsServer extends LocalServer {
  private constructor(
    port: number,
    private readonly store: string | null,
    flags: readonly string[],
  ) {
    super('nats-server', port, ['--addr', '127.0.0.1', '--port', String(port), ...flags]);
  }

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

  /** Forgets all it stored, as a server that is set up anew. Killed before. */
  async forget(): Promise<void> {
    if (this.store) await rm(this.store, { recursive: true });
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.store) await rm(this.store, { recursive: true, force: true });
  }
}
