import { setTimeout as wait } from 'node:timers/promises';
import type { Entitlements, IdentityPorts, PublicJwk } from '@inevitable/contract';
import { ENTITLEMENTS_DIGEST, PLAN } from './access-tokens.js';

/**
 * Of every tenant: limits so high that requests are counted, and none is refused; and small enough to be counted as those of
 * plans are, in integers of 32 bits: V8 makes an object of a larger number, and writes it ten times as slowly.
 */
const ENTITLEMENTS: Entitlements = {
  plan: PLAN,
  digest: ENTITLEMENTS_DIGEST,
  features: {
    'gateway.units-per-minute': { kind: 'static', value: 1e9 },
    'gateway.units-per-hour': { kind: 'static', value: 2e9 },
    'gateway.units-per-day': { kind: 'static', value: 2e9 },
  },
};

/** Identity with one key, where nothing is ever revoked and all tenants may use the same. */
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
    describe: async () => ENTITLEMENTS,
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
  throw new Error('The benchmark has no tenants, and reserves nothing.');
}
