import { identityDatabase, openIdentity, type Identity } from '@inevitable/identity';
import { ensureRoles, migrate, openSystemPool, roleUrl } from '@inevitable/kit/host';
import { pino } from 'pino';
import type { Postgresql } from './postgresql.js';

/** core-identity in this process, and its database beside it as its own role reaches it: over a pool of the same size. */
export interface IdentityBed {
  readonly identity: Identity;
  /** The kit's own `pg`, which is another copy than the bench's. */
  readonly pool: ReturnType<typeof openSystemPool>;
  close(): Promise<void>;
}

export async function openIdentityBed(postgresql: Postgresql): Promise<IdentityBed> {
  const url = await postgresql.create('bench_identity');
  const secret = new URL(url).password;
  await ensureRoles(url, secret, 'identity');
  await migrate(identityDatabase, url);
  const systemUrl = roleUrl(url, secret, 'identity', 'system');
  const identity = await openIdentity({
    systemUrl,
    publicUrl: 'http://identity.bench',
    encryptionSecret: 'a secret of the benchmark, long enough',
    permissions: [],
    features: {},
    services: [],
    deployment: 'internal',
    log: pino({ level: 'silent' }),
  });
  const pool = openSystemPool('identity', systemUrl);
  return {
    identity,
    pool,
    async close() {
      await pool.end();
      await identity.close();
    },
  };
}
