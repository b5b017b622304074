import {
  Forbidden,
  notReady,
  ready,
  type DeploymentContext,
  type IdentityPorts,
  type PartHealth,
  type Permission,
  type TenantRecord,
} from '@inevitable/contract';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { activeTenants } from './entitlements/active-tenants.js';
import { describeEntitlements } from './entitlements/describe-entitlements.js';
import { findTenant, findTenantOfSlug } from './entitlements/find-tenant.js';
import { listReservations } from './entitlements/list-reservations.js';
import { reserve } from './entitlements/reserve.js';
import { commit, release } from './entitlements/settle.js';
import { takeOverFeatures, type DeclaredFeatures } from './entitlements/take-over-features.js';
import { usage } from './entitlements/usage.js';
import type { FlowDeps, Logger } from './flows/flow-deps.js';
import { issueOperatorToken, type OperatorTokenRequest } from './flows/sign-in/issue-operator-token.js';
import { seedDemo } from './flows/tenants/seed-demo.js';
import { identityPermissions, identitySubgraph } from './identity-subgraph.js';
import { internalApi } from './internal-api.js';
import { removeExpired, type RemovedExpired } from './jobs/remove-expired.js';
import { sweepReservations } from './jobs/sweep-reservations.js';
import { openPasswords } from './passwords/passwords.js';
import { openRevocationFeed } from './revocation/revocation-feed.js';
import { openServiceCredentials, type ServiceKey } from './services/service-credentials.js';
import { sealWith } from './store/seal.js';
import { storedIssuer } from './store/stored-issuer.js';
import { openSystemDatabase, type SystemDatabase } from './store/system-database.js';
import { liveContextKeys, registerContextKey } from './tokens/context-keys.js';
import { issueAccessToken } from './tokens/issue-access-token.js';
import { openSigningKey, publishedKeys } from './tokens/signing-key.js';

export interface IdentitySettings {
  /** Identity's database as its system role; migrated. */
  readonly systemUrl: string;
  /** Where clients reach the stack, without a slash at its end; that of the first start is every token's issuer. */
  readonly publicUrl: string;
  /** Encrypts private keys at rest; at least 32 characters, and the same at every start. */
  readonly encryptionSecret: string;
  /** Every permission the products declare. */
  readonly permissions: readonly Permission[];
  /** What the products declare for the plans. */
  readonly features: DeclaredFeatures;
  /** The public keys of the services that may use the internal API. */
  readonly services: readonly ServiceKey[];
  readonly deployment: DeploymentContext;
  readonly log: Logger;
}

/**
 * What jobs run on a schedule. A run may be repeated, stopped at any point, and be one of several at once; it does its
 * work in small steps, and rejects with the reason of `signal` before the next one when that is aborted.
 */
export interface IdentityMaintenance {
  /** Removes sessions, their refresh tokens and revocations that nobody can use any more. */
  removeExpired(signal?: AbortSignal): Promise<RemovedExpired>;
  /** Gives back what reservations of any tenant hold past their 15 minutes; answers how many did. */
  sweepReservations(signal?: AbortSignal): Promise<number>;
}

/** core-identity, open: what the composition root wires into gateway, products and HTTP. */
export interface Identity {
  /** `iss` of every token. */
  readonly issuer: string;
  readonly ports: IdentityPorts;
  readonly subgraph: SubgraphDeclaration;
  /** `ports` over HTTP: `POST /internal/v1/<operation>`. */
  readonly internalApi: (request: Request) => Promise<Response>;
  /** An access token without a password. Throws `NotFound` and `BadUserInput`. */
  issueAccessToken(request: OperatorTokenRequest): Promise<string>;
  /** Of any status; null: there is none. */
  findTenantOfSlug(slug: string): Promise<TenantRecord | null>;
  readonly maintenance: IdentityMaintenance;
  /** What all products declare has become this, while it runs: permissions are in tokens that are made from now on. */
  redeclare(declared: Pick<IdentitySettings, 'permissions' | 'features'>): Promise<void>;
  /** Makes the demo, or sets its password; answers it. Throws `Forbidden` in a customer's deployment. */
  seedDemo(password: string | null): Promise<string>;
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}

/** A setting identity refuses to start with; the message names it. */
export class UnusableSetting extends Error {}

const SHORTEST_SECRET = 32;

/** Throws `UnusableSetting`, `WrongEncryptionSecret`, and what PostgreSQL says when it cannot be reached. */
export async function openIdentity(settings: IdentitySettings): Promise<Identity> {
  if (settings.encryptionSecret.length < SHORTEST_SECRET) {
    throw new UnusableSetting(`The encryption secret is shorter than ${SHORTEST_SECRET} characters.`);
  }
  const db = openSystemDatabase(settings.systemUrl);
  try {
    return await identityOn(db, settings);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function identityOn(db: SystemDatabase, settings: IdentitySettings): Promise<Identity> {
  const { publicUrl, deployment, log } = settings;
  const issuer = await storedIssuer(db, publicUrl);
  const seal = sealWith(settings.encryptionSecret);
  const key = await openSigningKey(db, seal);
  const verifyAssertion = await openServiceCredentials(db, settings.services);
  let permissions = catalogueOf(settings.permissions);
  await takeOverFeatures(db, settings.features, log);
  const revocations = openRevocationFeed(db);
  const flows: FlowDeps = {
    db,
    passwords: await openPasswords(),
    issueAccessToken: (sessionId) => issueAccessToken({ db, key, issuer, permissions }, sessionId),
    seal,
    permissions: () => permissions,
    publicUrl,
    deployment,
    log,
  };
  const ports: IdentityPorts = {
    verification: {
      settings: async () => ({ issuer, keys: await publishedKeys(db) }),
      registerContextKey: (contextKey, ttlSeconds) => registerContextKey(db, contextKey, ttlSeconds),
    },
    revocations,
    tenants: { find: (tenantId) => findTenant(db, tenantId), active: (after) => activeTenants(db, after) },
    entitlements: {
      describe: (tenantId) => describeEntitlements(db, tenantId),
      reserve: (request) => reserve(db, request),
      commit: (tenantId, reservationId, actual) => commit(db, tenantId, reservationId, actual),
      release: (tenantId, reservationId) => release(db, tenantId, reservationId),
      usage: (tenantId, feature) => usage(db, tenantId, feature),
      reservations: (request) => listReservations(db, request),
    },
  };
  const maintenance: IdentityMaintenance = {
    removeExpired: (signal) => removeExpired(db, signal),
    sweepReservations: (signal) => sweepReservations(db, signal),
  };

  return {
    issuer,
    ports,
    subgraph: identitySubgraph(
      {
        flows,
        publishedKeys: () => publishedKeys(db),
        liveContextKeys: () => liveContextKeys(db),
        issuer,
        publicUrl,
      },
      maintenance,
    ),
    internalApi: internalApi(ports, verifyAssertion, log),
    issueAccessToken: (request) => issueOperatorToken(request, flows),
    findTenantOfSlug: (slug) => findTenantOfSlug(db, slug),
    maintenance,
    async redeclare(declared) {
      await takeOverFeatures(db, declared.features, log);
      permissions = catalogueOf(declared.permissions);
    },
    async seedDemo(password) {
      if (deployment === 'customer') throw new Forbidden("A customer's deployment has no demo.");
      return seedDemo(password, flows);
    },
    async health() {
      try {
        await db.rows('select 1');
        return ready('identity');
      } catch (error) {
        return notReady('identity', `its database does not answer: ${(error as Error).message}`);
      }
    },
    async close() {
      revocations.close();
      await db.close();
    },
  };
}

/** Of all products and of identity itself, each once. */
const catalogueOf = (declared: readonly Permission[]): readonly Permission[] =>
  [...new Set([...identityPermissions, ...declared])].sort();
