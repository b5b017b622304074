import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityDatabase, openIdentity, type Identity } from '@inevitable/identity';
import { directoryFileStore, ensureRoles, migrate, openSystemPool, roleUrl } from '@inevitable/kit/host';
import { pino } from 'pino';
import type { Postgresql } from './postgresql.js';

/** core-identity in this process, and its database beside it as its own role reaches it: over a pool of the same size. */
export interface IdentityBed {
  readonly identity: Identity;
  /** As many more, each with connections of its own and nothing in common with the others, as processes of their own have. */
  readonly others: readonly Identity[];
  /** The kit's own `pg`, which is another copy than the bench's. */
  readonly pool: ReturnType<typeof openSystemPool>;
  /** As autovacuum does after a minute: plans that were made for empty tables are made again. */
  analyze(): Promise<void>;
  close(): Promise<void>;
}

export async function openIdentityBed(postgresql: Postgresql, others: number): Promise<IdentityBed> {
  const url = await postgresql.create('bench_identity');
  const secret = new URL(url).password;
  await ensureRoles(url, secret, 'identity');
  await migrate(identityDatabase, url);
  const systemUrl = roleUrl(url, secret, 'identity', 'system');
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  const files = await directoryFileStore(folder);
  const open = (): Promise<Identity> =>
    openIdentity({
      systemUrl,
      publicUrl: 'http://identity.bench',
      encryptionSecret: 'a secret of the benchmark, long enough',
      permissions: [],
      features: {},
      products: [],
      files,
      services: [],
      deployment: 'internal',
      log: pino({ level: 'silent' }),
    });
  const opened = [await open()];
  while (opened.length <= others) opened.push(await open());
  const pool = openSystemPool('identity', systemUrl);
  const [identity] = opened;
  return {
    identity: identity!,
    others: opened.slice(1),
    pool,
    async analyze() {
      const owner = openSystemPool('identity', roleUrl(url, secret, 'identity', 'owner')); // others are not let
      await owner.query('analyze');
      await owner.end();
    },
    async close() {
      await pool.end();
      for (const identity of opened) await identity.close();
      await files.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
