import { setTimeout as wait } from 'node:timers/promises';
import type { IdentityPorts, PublicJwk } from '@inevitable/contract';

/** Identity with one key, where nothing is ever revoked. */
export const identityInMemory = (issuer: string, publicJwk: PublicJwk): IdentityPorts => ({
  verification: {
    settings: async () => ({ issuer, keys: [publicJwk] }),
    registerContextKey: async () => undefined,
  },
  revocations: {
    since: async (sequence, waitMs, signal) => {
      await wait(waitMs, undefined, { signal });
      return { sequence, revocations: [] };
    },
  },
  apiKeys: { verify: refuse },
  entitlements: {
    describe: refuse,
    reserve: refuse,
    commit: refuse,
    release: refuse,
    usage: refuse,
    reservations: refuse,
  },
  tenants: { find: refuse, active: refuse },
  audit: { append: refuse },
  tenantData: { open: refuse, done: refuse },
});

function refuse(): never {
  throw new Error('The benchmark has no tenants and no entitlements.');
}
