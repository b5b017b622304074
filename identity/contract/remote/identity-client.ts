import { identityApi, IDENTITY_AUDIENCE, type RemoteIdentity } from './identity-api.js';
import { peerClient } from './peer-client.js';
import type { ServiceCredential } from './service-assertion.js';

/**
 * Identity's ports over HTTP, for a process that does not host identity.
 * Throws `BadUserInput` where identity does, and `PeerFailed` when it does not answer, refuses the credential, or answers off
 * its contract.
 */
export function identityClient(url: string, credential: ServiceCredential): RemoteIdentity {
  const call = peerClient({ name: 'Identity', audience: IDENTITY_AUDIENCE, api: identityApi, url }, credential);

  return {
    verification: {
      settings: () => call('verification-settings', {}),
      registerContextKey: async (key, ttlSeconds) => void (await call('register-context-key', { key, ttlSeconds })),
    },
    apiKeys: { verify: (presented) => call('verify-api-key', presented) },
    services: {
      verify: async (presented, audience) =>
        (await call('verify-assertion', { assertion: presented, audience })).service,
    },
    revocations: {
      since: (sequence, waitMs, signal) => call('revocations', { sequence, waitMs }, { waitMs, signal }),
    },
    tenants: {
      find: (tenantId) => call('find-tenant', { tenantId }),
      active: async (after) => (await call('active-tenants', { after })).tenantIds,
    },
    audit: {
      append: async (records) => (await call('append-audit', { records: [...records] })).refused,
    },
    tenantData: {
      open: async (product, after) => (await call('open-data-tasks', { product, after })).tasks,
      done: async (product, { orderId, tenantId }, part) =>
        (await call('data-task-done', { product, orderId, tenantId, part })).taken,
    },
    entitlements: {
      describe: (tenantId) => call('describe-entitlements', { tenantId }),
      reserve: (request) => call('reserve', request),
      commit: async (tenantId, reservationId, actual) =>
        (await call('commit', { tenantId, reservationId, actual })).settled,
      release: async (tenantId, reservationId) => (await call('release', { tenantId, reservationId })).settled,
      usage: (tenantId, feature) => call('usage', { tenantId, feature }),
      reservations: async (request) => (await call('reservations', request)).reservations,
    },
  };
}
