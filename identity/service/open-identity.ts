import {
  Forbidden,
  notReady,
  ready,
  type DeploymentContext,
  type IdentityPorts,
  type PartHealth,
  type Permission,
  type ReserveOutcome,
  type ReserveRequest,
  type SecurityEventSink,
  type TenantRecord,
} from '@inevitable/contract';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { refusalLimit, securityEvents, type FileStore } from '@inevitable/kit/host';
import { appendRecords } from './audit/append-records.js';
import { publishedArchiveKeys } from './archives/archive-keys.js';
import { openAuditChains, type AuditChains } from './audit/audit-chains.js';
import { OPERATOR } from './audit/origin.js';
import { developmentCredentials } from './deployment/development-credentials.js';
import { activeTenants } from './entitlements/active-tenants.js';
import { describeEntitlements } from './entitlements/describe-entitlements.js';
import { findTenant, findTenantOfSlug } from './entitlements/find-tenant.js';
import { listReservations } from './entitlements/list-reservations.js';
import { reserveWith } from './entitlements/reserve.js';
import { commit, release } from './entitlements/settle.js';
import { takeOverFeatures, type DeclaredFeatures } from './entitlements/take-over-features.js';
import { usage } from './entitlements/usage.js';
import { verifyApiKey } from './flows/api-keys/verify-api-key.js';
import { administration, type IdentityAdministration } from './flows/administration/administration.js';
import { canonicalLogin } from './flows/accounts/canonical-login.js';
import type { FlowDeps, Logger } from './flows/flow-deps.js';
import { issueOperatorToken, type OperatorTokenRequest } from './flows/sign-in/issue-operator-token.js';
import { tenantDataDesk, type TenantDataDesk } from './flows/administration/tenant-data-desk.js';
import { seedDemo } from './flows/tenants/seed-demo.js';
import { identityPermissions, identitySubgraph } from './identity-subgraph.js';
import { internalApi } from './internal-api.js';
import { endOverrides } from './jobs/end-overrides.js';
import { recomputeBalances, type RecomputedBalances } from './jobs/recompute-balances.js';
import { removeExpired, type RemovedExpired } from './jobs/remove-expired.js';
import { removeOutdated, type RemovedOutdated } from './jobs/remove-outdated.js';
import { sweepReservations } from './jobs/sweep-reservations.js';
import { MailServerUnusable, openMailer, type Mailer, type SmtpSettings } from './mail/open-mailer.js';
import { readMails, type KeptMail } from './mail/read-mails.js';
import { sendMails, type SentMails } from './mail/send-mails.js';
import { openPasswords } from './passwords/passwords.js';
import { openRevocationFeed } from './revocation/revocation-feed.js';
import { openServiceCredentials, type ServiceKey } from './services/service-credentials.js';
import { sealWith } from './store/seal.js';
import { storedIssuer } from './store/stored-issuer.js';
import { openSystemDatabase, type SystemDatabase } from './store/system-database.js';
import { carryOutOrders, type CarriedOut } from './data-orders/carry-out-orders.js';
import { dataTasks } from './data-orders/data-tasks.js';
import { liveContextKeys, registerContextKey } from './tokens/context-keys.js';
import { issueAccessToken } from './tokens/issue-access-token.js';
import { revokeSigningKey, type KeyRevocation } from './tokens/revoke-signing-key.js';
import {
  keepSigningKeys,
  rotateSigningKeys,
  type KeptSigningKeys,
  type KeyRotation,
} from './tokens/rotate-signing-keys.js';
import { listSigningKeys, openSigningKeys, publishedKeys, type SigningKeyRecord } from './tokens/signing-keys.js';

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
  /** Every product that keeps something of tenants: what is to be exported and erased is asked of them. */
  readonly products: readonly string[];
  /** Where archives wait to be fetched. */
  readonly files: FileStore;
  /** The public keys of the services that may use the internal API. */
  readonly services: readonly ServiceKey[];
  readonly deployment: DeploymentContext;
  /** Where mails are handed over. Left out or null: they stay in their table. */
  readonly smtp?: SmtpSettings | null;
  /** Lines in the log alone unless told. */
  readonly securityEvent?: SecurityEventSink | undefined;
  readonly log: Logger;
}

/**
 * What jobs run on a schedule. A run may be repeated, stopped at any point, and be one of several at once; it does its
 * work in small steps, and rejects with the reason of `signal` before the next one when that is aborted.
 */
export interface IdentityMaintenance {
  /** Removes sessions, tokens, revocations, sign-ups and mails that nobody can use any more. */
  removeExpired(signal?: AbortSignal): Promise<RemovedExpired & RemovedOutdated>;
  /** Sends the mails that are due. null: there is no mail server. */
  readonly sendMails: ((signal?: AbortSignal) => Promise<SentMails>) | null;
  /** Gives back what reservations of any tenant hold past their 15 minutes; answers how many did. */
  sweepReservations(signal?: AbortSignal): Promise<number>;
  /** Ends the tokens that state an override which has expired; answers how many overrides there were. */
  endOverrides(signal?: AbortSignal): Promise<number>;
  /** Compares every balance that is not final with its ledger, repairs what differs, and purges what is 13 months old. */
  recomputeBalances(signal?: AbortSignal): Promise<RecomputedBalances>;
  /** Rotates the signing keys when the current one has signed for 30 days, and removes those nobody needs any more. */
  keepSigningKeys(): Promise<KeptSigningKeys>;
  /** Does identity's part of exports and erasures, finishes those to which every product has added its own, and removes old archives. */
  carryOutOrders(signal?: AbortSignal): Promise<CarriedOut>;
}

/** The keys of access tokens, for an operator at the machine. Every process of identity goes by what is done here at once. */
export interface SigningKeyDesk {
  /** All that are published, the oldest first. */
  list(): Promise<readonly SigningKeyRecord[]>;
  rotate(): Promise<KeyRotation>;
  /** Withdraws one that leaked. */
  revoke(kid: string): Promise<KeyRevocation>;
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
  /** What whoever operates the stack does to tenants and people. */
  readonly administration: IdentityAdministration;
  /** What tenants take along and leave, for operators. */
  readonly tenantData: TenantDataDesk;
  /** The audit, for operators. */
  readonly audit: AuditChains;
  readonly signingKeys: SigningKeyDesk;
  /** What all products declare has become this, while it runs: permissions are in tokens that are made from now on. */
  redeclare(declared: Pick<IdentitySettings, 'permissions' | 'features' | 'products'>): Promise<void>;
  /** Makes the demo, or sets its password; answers it. Throws `Forbidden` in a customer's deployment. */
  seedDemo(password: string | null): Promise<string>;
  /** What was mailed to an address, for the console and tests. Throws `Forbidden` in a customer's deployment: links work. */
  readMails(recipient: string): Promise<readonly KeptMail[]>;
  /** With what a developer could sign in here, in words. */
  developmentCredentials(): Promise<readonly string[]>;
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
  const mailer = settings.smtp ? await openMailServer(settings.smtp) : null;
  const db = openSystemDatabase(settings.systemUrl);
  try {
    return await identityOn(db, mailer, settings);
  } catch (error) {
    mailer?.close();
    await db.close();
    throw error;
  }
}

async function openMailServer(smtp: SmtpSettings): Promise<Mailer> {
  try {
    return await openMailer(smtp);
  } catch (error) {
    if (!(error instanceof MailServerUnusable)) throw error;
    throw new UnusableSetting(`SMTP_URL is set, and ${error.message}. Start it, correct SMTP_URL, or unset it.`);
  }
}

async function identityOn(db: SystemDatabase, mailer: Mailer | null, settings: IdentitySettings): Promise<Identity> {
  const { publicUrl, deployment, securityEvent = securityEvents(settings.log), log } = settings;
  const issuer = await storedIssuer(db, publicUrl);
  const seal = sealWith(settings.encryptionSecret);
  const openKey = await openSigningKeys(db, seal);
  const verifyAssertion = await openServiceCredentials(db, settings.services);
  let permissions = catalogueOf(settings.permissions);
  let { products } = settings;
  let { features } = settings;
  await takeOverFeatures(db, features, log);
  const revocations = openRevocationFeed(db);
  const flows: FlowDeps = {
    db,
    passwords: await openPasswords(),
    issueAccessToken: (sessionId) => issueAccessToken({ db, openKey, issuer, permissions }, sessionId),
    seal,
    permissions: () => permissions,
    publicUrl,
    deployment,
    products: () => products,
    files: settings.files,
    refusals: refusalLimit(),
    securityEvent,
    log,
  };
  const reserve = reserveWith(db);
  const reserveOrTell = async (request: ReserveRequest): Promise<ReserveOutcome> => {
    const outcome = await reserve(request);
    if (outcome.kind === 'exceeded') {
      const feature = Object.hasOwn(features, request.feature) ? request.feature : 'other';
      securityEvent('quota refused', { feature, tenantId: request.tenantId, limit: outcome.limit });
    }
    return outcome;
  };
  const ports: IdentityPorts = {
    verification: {
      settings: async () => ({ issuer, keys: await publishedKeys(db) }),
      registerContextKey: (contextKey, ttlSeconds) => registerContextKey(db, contextKey, ttlSeconds),
    },
    revocations,
    apiKeys: { verify: (presented) => verifyApiKey(presented, flows) },
    tenants: { find: (tenantId) => findTenant(db, tenantId), active: (after) => activeTenants(db, after) },
    entitlements: {
      describe: (tenantId) => describeEntitlements(db, tenantId),
      reserve: reserveOrTell,
      commit: (tenantId, reservationId, actual) => commit(db, tenantId, reservationId, actual),
      release: (tenantId, reservationId) => release(db, tenantId, reservationId),
      usage: (tenantId, feature) => usage(db, tenantId, feature),
      reservations: (request) => listReservations(db, request),
    },
    audit: { append: (records) => appendRecords(db, records) },
    tenantData: dataTasks(db),
  };
  const maintenance: IdentityMaintenance = {
    removeExpired: async (signal) => ({ ...(await removeExpired(db, signal)), ...(await removeOutdated(db, signal)) }),
    sendMails: mailer && ((signal) => sendMails({ db, seal, log }, mailer, signal)),
    sweepReservations: (signal) => sweepReservations(db, signal),
    endOverrides: (signal) => endOverrides(db, signal),
    recomputeBalances: (signal) => recomputeBalances(db, log, signal),
    keepSigningKeys: () => keepSigningKeys(OPERATOR, { db, seal }),
    carryOutOrders: (signal) => carryOutOrders({ ...flows, issuer }, signal),
  };

  return {
    issuer,
    ports,
    subgraph: identitySubgraph(
      {
        flows,
        publishedKeys: () => publishedKeys(db),
        publishedArchiveKeys: () => publishedArchiveKeys(db),
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
    administration: administration(flows),
    tenantData: tenantDataDesk(flows),
    audit: openAuditChains(db),
    signingKeys: {
      list: () => listSigningKeys(db),
      rotate: () => rotateSigningKeys(OPERATOR, { db, seal }),
      revoke: (kid) => revokeSigningKey(kid, OPERATOR, { db, seal }),
    },
    async redeclare(declared) {
      await takeOverFeatures(db, declared.features, log);
      features = declared.features;
      permissions = catalogueOf(declared.permissions);
      products = declared.products;
    },
    async seedDemo(password) {
      if (deployment === 'customer') throw new Forbidden("A customer's deployment has no demo.");
      return seedDemo(password, flows);
    },
    async readMails(recipient) {
      if (deployment === 'customer') throw new Forbidden("A customer's mails are for their readers alone.");
      return readMails(db.rows, seal, canonicalLogin(recipient));
    },
    developmentCredentials: () => developmentCredentials(db),
    async health() {
      try {
        await db.rows('select 1');
        return ready('identity');
      } catch (error) {
        return notReady('identity', `its database does not answer: ${(error as Error).message}`);
      }
    },
    async close() {
      mailer?.close();
      revocations.close();
      await db.close();
    },
  };
}

/** Of all products and of identity itself, each once. */
const catalogueOf = (declared: readonly Permission[]): readonly Permission[] =>
  [...new Set([...identityPermissions, ...declared])].sort();
