import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '@inevitable/kit/host';
import pg from 'pg';

/** A PostgreSQL of this run, with fsync on, as the stack starts it itself. */
export interface Postgresql {
  /** Of its first process, whose children all others are. */
  readonly pid: number;
  /** A new empty database, reached as the superuser. */
  create(name: string): Promise<string>;
  close(): Promise<void>;
}

export async function startPostgresql(): Promise<Postgresql> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-identity-'));
  await chmod(dataDir, 0o711); // the database's own user passes through
  const cluster = await startCluster({ dataDir });
  const admin = new pg.Pool({ connectionString: cluster.url, max: 1 });
  // A pool that has ended still closes its connections, and hears on them that the server is being stopped.
  admin.on('error', () => undefined);
  let closed: Promise<void> | undefined;
  async function closeAll(): Promise<void> {
    await admin.end();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
  return {
    pid: Number.parseInt(await readFile(join(cluster.directory, 'postmaster.pid'), 'utf8'), 10), // its first line
    async create(name) {
      await admin.query(`CREATE DATABASE ${name}`);
      const url = new URL(cluster.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    close: () => (closed ??= closeAll()),
  };
}
