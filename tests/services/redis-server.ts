import { freePort } from '../support/free-port.js';
import { describeWith, LocalServer } from './local-server.js';

export const describeWithRedis = describeWith('redis-server');

/** A real Redis server on a port of its own, which keeps nothing on disk. */
export class RedisServer extends LocalServer {
  private constructor(
    port: number,
    readonly password: string | null,
  ) {
    const flags = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
    super('redis-server', port, password === null ? flags : [...flags, '--requirepass', password]);
  }

  static async start(password: string | null = null): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), password);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://${this.password === null ? '' : `:${this.password}@`}127.0.0.1:${this.port}`;
  }
}
