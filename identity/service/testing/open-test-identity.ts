import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  accessTokenClaims,
  anonymousContext,
  contextFromAccessToken,
  NO_CLIENT,
  type PublicJwk,
  type RequestClient,
  type RequestContext,
  type ServiceCredential,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import {
  directoryFileStore,
  ensureRoles,
  hostSubgraph,
  migrate,
  openProductDatabase,
  openSystemPool,
  refusalLimit,
  roleUrl,
  securityEvents,
} from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { PLATFORM_CHAIN } from '../audit/append-audit.js';
import type { FlowDeps } from '../flows/flow-deps.js';
import { identityDatabase } from '../identity-database.js';
import { identityPermissions } from '../identity-subgraph.js';
import { openIdentity, type IdentitySettings } from '../open-identity.js';
import { readMails } from '../mail/read-mails.js';
import { openPasswords } from '../passwords/passwords.js';
import { sealWith } from '../store/seal.js';
import { openSystemDatabase } from '../store/system-database.js';

export const DEMO_PASSWORD = 'correct horse';

/** What the auth routes answer, read by tests that know which of it they get. */
interface TokensAnswer {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** An event of the audit, as its record says it. */
export interface AuditRecord {
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  readonly reason?: string;
  readonly subject?: { readonly type: string; readonly id: string };
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Identity with its demo on a real PostgreSQL of its own. */
export async function openTestIdentity() {
  const stored = await createTestDatabase('identity', async (url) => {
    await ensureRoles(url, new URL(url).password, 'identity');
    await migrate(identityDatabase, url);
  });
  const urlOf = (role: 'owner' | 'app' | 'system'): string => roleUrl(stored.url, stored.secret, 'identity', role);
  const owner = openSystemPool('identity', urlOf('owner'));
  const gateway = newServiceCredential('gateway');
  const product = newServiceCredential('starter');
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  const files = await directoryFileStore(folder);
  const log = pino({ level: 'silent' });

  const settings: IdentitySettings = {
    systemUrl: urlOf('system'),
    publicUrl: 'http://127.0.0.1:8080',
    encryptionSecret: 'a secret of the tests, long enough',
    permissions: ['starter:notes:read', 'starter:notes:write'],
    features: {},
    products: ['starter'],
    files,
    services: [gateway, product].map(({ service, kid, privateKey: { kty, crv, x, y } }) => ({
      service,
      kid,
      publicKey: { kty, crv, x, y },
    })),
    deployment: 'internal',
    log,
  };
  const identity = await openIdentity(settings);
  await identity.seedDemo(DEMO_PASSWORD);
  const database = await openProductDatabase(identityDatabase, urlOf('app'));
  const subgraph = hostSubgraph(identity.subgraph, {
    database,
    entitlements: identity.ports.entitlements,
    events: null,
    log,
  });

  const rows = async <Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query(statement, values)).rows;
  const db = openSystemDatabase(urlOf('system'));
  const flows: FlowDeps = {
    db,
    passwords: await openPasswords(),
    issueAccessToken: async () => 'not under test',
    seal: sealWith(settings.encryptionSecret),
    permissions: () => [...identityPermissions, ...settings.permissions].sort(),
    publicUrl: settings.publicUrl,
    deployment: settings.deployment,
    products: () => settings.products,
    files,
    refusals: refusalLimit(),
    securityEvent: securityEvents(log),
    log,
  };

  return {
    identity,
    settings,
    urlOf,
    gateway,
    product,
    subgraph,
    /** For calling flows that have no door of their own yet. */
    flows,
    /** SQL as the owner: to arrange what no flow does yet, and to look. */
    rows,
    async advance(interval: string) {
      await rows('update clock set ahead = ahead + $1::interval', [interval]);
    },
    async tenantId(slug: string) {
      return (await rows<{ id: TenantId }>('select id from tenants where slug = $1', [slug]))[0]!.id;
    },
    async userId(username: string) {
      return (await rows<{ id: UserId }>('select id from users where username = $1', [username]))[0]!.id;
    },
    async post(path: string, body: unknown) {
      const response = await subgraph.fetch(
        new Request(`http://stack.test${path}`, {
          method: 'POST',
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
        anonymous,
      );
      return { status: response.status, headers: response.headers, body: (await response.json()) as TokensAnswer };
    },
    /** The context a gateway builds for this person of the demo, signed in by password. */
    async as(username: string): Promise<RequestContext> {
      const { body } = await this.post('/auth/login', { username, password: DEMO_PASSWORD });
      return contextOfToken(body.accessToken);
    },
    /** What the subgraph answers to one operation, as it would be sent. */
    async ask(query: string, context: RequestContext, variables: Readonly<Record<string, unknown>> = {}) {
      return JSON.parse(JSON.stringify(await subgraph.execute({ query, variables }, context)));
    },
    /** The audit's records of a tenant, or of no tenant, the oldest first. */
    async audit(tenantId: TenantId | null) {
      const events = await rows<{ record: string }>(
        'select record from audit_events where tenant_id = $1 order by sequence',
        [tenantId ?? PLATFORM_CHAIN],
      );
      return events.map(({ record }) => JSON.parse(record) as AuditRecord);
    },
    /** What was mailed to an address, opened, the oldest first. */
    mails: (recipient: string) => readMails(db.rows, flows.seal, recipient),
    async get(path: string) {
      const response = await subgraph.fetch(new Request(`http://stack.test${path}`), anonymous);
      return (await response.json()) as { issuer: string; jwks_uri: string; keys: PublicJwk[] };
    },
    async close() {
      await db.close();
      await database.close();
      await identity.close();
      await owner.end();
      await stored.drop();
      await files.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type TestIdentity = Awaited<ReturnType<typeof openTestIdentity>>;

/** What a gateway makes of an access token that holds. */
export const contextOfToken = (accessToken: string, client: RequestClient = NO_CLIENT): RequestContext =>
  contextFromAccessToken(accessTokenClaims.parse(jwt.decode(accessToken)), { ...anonymous, client });

export const anonymous = anonymousContext({
  requestId: 'test',
  trace: null,
  deadline: Date.now() + 600_000,
  signal: new AbortController().signal,
  deployment: 'internal',
});

export function newServiceCredential(service: string): ServiceCredential {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    service,
    kid: `${service}-key`,
    privateKey: privateKey.export({ format: 'jwk' }) as ServiceCredential['privateKey'],
  };
}
