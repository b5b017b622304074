import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  NO_CLIENT,
  anonymousContext,
  type AuditPort,
  type AuditRecord,
  type DeploymentContext,
  type EntitlementsPort,
  type EventBus,
  type RequestContext,
  type SessionId,
  type TenantId,
  type TenantsPort,
  type UserId,
} from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';
import pg from 'pg';
import { pino } from 'pino';
import {
  ensureRoles,
  JOB_STORE_ROLES,
  lintCatalogue,
  migrate,
  openProductDatabase,
  roleUrl,
  type CatalogueFinding,
  type ProductDatabase,
} from '../database/index.js';
import { directoryFileStore } from '../files/directory-file-store.js';
import type { FileStore } from '../files/file-store.js';
import { inProcessBus } from '../events/in-process-bus.js';
import { JOB_STORE_SCHEMA, migrateJobStore } from '../jobs/store/postgres/postgres-job-store.js';
import type { JobsMeasured } from '../jobs/observation/job-metrics.js';
import { observingNothing, type JobObserver } from '../jobs/observation/job-observer.js';
import { startWorker } from '../jobs/start-worker.js';
import type { OutboxMeasured } from '../outbox/outbox-metrics.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { hostSubgraph } from '../subgraph/host-subgraph.js';
import { createTestDatabase } from './test-database.js';
import { postgresTestJobStore, type TestJobStore } from './test-job-store.js';
import { TEST_PLAN, testEntitlements, type TestEntitlements } from './test-entitlements.js';
import { testTenantData, type TestTenantData } from './test-tenant-data.js';
import { until } from './until.js';

/** Who asks. Names become ids: the same name is the same tenant or user in the whole file. */
export interface TestPerson {
  readonly tenant: string;
  readonly user?: string;
  /** Permissions; all that the product declares unless told. */
  readonly may?: readonly string[];
}

export interface TestCaller {
  readonly context: RequestContext;
  query(text: string, variables?: Record<string, unknown>): Promise<ExecutionResult>;
  /** Asks one of the product's routes; `path` as the client sees it. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Resolves once it listens; `next()` is the next event. Rejects with what the subscription is refused with. */
  subscribe(
    text: string,
    variables?: Record<string, unknown>,
    options?: { readonly lastEventId?: string },
  ): Promise<AsyncIterableIterator<ExecutionResult>>;
}

export interface TestSubgraph {
  as(person: TestPerson): TestCaller;
  anonymous(): TestCaller;
  readonly database: ProductDatabase;
  /** Of every tenant, to look behind the product's back: keys begin with `<product>/<tenant id>/`. */
  readonly files: FileStore;
  /** What the product reserves of, to look at its ledger; its clock, where it has one, is moved with the database's. */
  readonly entitlements: EntitlementsPort;
  /** What the product's events travel on, for hosting it a second time. */
  readonly events: EventBus;
  /** The owner's side of the database, to look behind the product's back. */
  readonly ownerUrl: string;
  readonly clock: { advance(by: { readonly seconds: number }): Promise<void> };
  readonly audit: {
    /** What the product's mutations left for the audit, and its worker sent, in this order. */
    readonly records: readonly AuditRecord[];
    /** Resolves when no record of the audit waits in the outbox. */
    settled(): Promise<void>;
  };
  readonly jobs: {
    /** Resolves when every job of that name has ended, well or badly, and no record waits in the outbox. */
    settled(name: string): Promise<void>;
    /** Stops the worker, as a deploy does; what is enqueued meanwhile waits. */
    stop(): Promise<void>;
    start(): Promise<void>;
    /** What the worker tells metrics of; null while it is stopped. */
    readonly measured: JobsMeasured | null;
    outboxes(): Promise<readonly OutboxMeasured[] | null>;
  };
  readonly tenantData: TestTenantData;
  /** As a start in another context would: the same rows and files, for callers from before too. */
  redeploy(deployment: DeploymentContext): Promise<void>;
  /** The catalogue lint of this product's tables. */
  lint(): Promise<readonly CatalogueFinding[]>;
  close(): Promise<void>;
}

/** A stable id of a name (RFC 9562, version 8: the hash is ours). */
export function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const hasClock = (port: EntitlementsPort): port is TestEntitlements => 'clock' in port;

const everyTenantIsActive: TenantsPort = {
  find: (id) => Promise.resolve({ id, slug: id, name: id, plan: TEST_PLAN, entitlementsDigest: '', status: 'active' }),
  active: () => Promise.resolve([]),
};

export interface TestSubgraphOptions {
  /** Unless told, every tenant has the plan `pro` as the product declares it, in a ledger of the test's own (`testEntitlements`). */
  readonly entitlements?: EntitlementsPort;
  /** Unless told, every tenant a test names exists and is active; core-identity has its own tests. */
  readonly tenants?: TenantsPort;
  /** Where its worker sends what its mutations leave for the audit; kept in `audit.records` unless told. */
  readonly audit?: AuditPort;
  /** Where the product keeps files; a directory of the test's own unless told. */
  readonly files?: FileStore;
  /** How the product is deployed; `internal` unless told. */
  readonly deployment?: DeploymentContext;
  /** Where its jobs are kept, closed with it; beside its rows unless told. */
  readonly jobStore?: TestJobStore;
  /** Told of every run of a job. */
  readonly observer?: JobObserver;
  /** What operators would read; nothing unless told. */
  readonly logLevel?: string;
}

/** Hosts a product on a database of its own, with its worker: all real, nothing of the stack around it. */
export async function testSubgraph(
  declaration: SubgraphDeclaration,
  {
    entitlements = testEntitlements({ features: declaration.features ?? {} }),
    tenants = everyTenantIsActive,
    audit: givenAudit,
    files: given,
    deployment: deployedFirst = 'internal',
    jobStore: givenStore,
    observer = observingNothing,
    logLevel = 'silent',
  }: TestSubgraphOptions = {},
): Promise<TestSubgraph> {
  const { name: product, database: declared } = declaration;
  if (!declared) throw new Error(`"${product}" declares no database: host it with hostSubgraph.`);
  const log = pino({ level: logLevel });
  const test = await createTestDatabase(`subgraph ${product}`, async (url) => {
    const { password } = new URL(url);
    await ensureRoles(url, password, product);
    await migrate(declared, url);
    await ensureRoles(url, password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  const as = (role: 'app' | 'system'): string => roleUrl(test.url, test.secret, product, role);
  const database = await openProductDatabase(declared, as('app'));
  const events = inProcessBus((error) => log.error({ err: error }, 'an event listener failed'));
  const folder = given ? null : await mkdtemp(join(tmpdir(), 'files-'));
  const files = given ?? (await directoryFileStore(folder!));
  const publicUrl = 'https://stack.test';
  let deployment = deployedFirst;
  const host = () =>
    hostSubgraph(declaration, {
      database,
      entitlements,
      events,
      files,
      publicUrl: () => publicUrl,
      deployment,
      log,
    });
  let subgraph = host();
  const owner = new pg.Pool({ connectionString: test.url, max: 2 });
  owner.on('error', () => undefined); // ended, and yet the server may drop the database before it reads the goodbye
  const jobsAs = (role: 'runner' | 'reader') => roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, role);
  const jobStore =
    givenStore ?? postgresTestJobStore(owner, { runnerUrl: jobsAs('runner'), readerUrl: jobsAs('reader') });

  const audited = new Map<string, AuditRecord>();
  const audit: AuditPort = givenAudit ?? {
    append: (records) => {
      for (const record of records) if (!audited.has(record.id)) audited.set(record.id, record);
      return Promise.resolve([]);
    },
  };
  const begin = () =>
    startWorker({
      products: [{ declaration, database, systemUrl: as('system') }],
      jobStoreUrl: jobStore.runnerUrl,
      tenants,
      entitlements,
      audit,
      deployment,
      files,
      events,
      observer,
      log,
    });
  let worker: Awaited<ReturnType<typeof begin>> | null = await begin();

  const caller = (context: RequestContext): TestCaller => ({
    context,
    query: (query, variables) => subgraph.execute({ query, ...(variables && { variables }) }, context),
    fetch: (path, init) => subgraph.fetch(new Request(new URL(path, publicUrl), init), context),
    subscribe(query, variables, options) {
      if (!subgraph.subscribe) throw new Error(`"${product}" has no subscriptions.`);
      return subgraph.subscribe({ query, ...(variables && { variables }), ...options }, context);
    },
  });
  const request = () => ({
    requestId: idOf(String(Math.random())),
    trace: null,
    deadline: Date.now() + 30_000,
    signal: new AbortController().signal,
    deployment,
    client: NO_CLIENT,
  });

  return {
    as: ({ tenant, user = 'somebody', may = declaration.permissions ?? [] }) =>
      caller(
        Object.freeze({
          ...request(),
          tenant: { id: idOf(`tenant ${tenant}`) as TenantId, plan: TEST_PLAN, entitlementsDigest: '' },
          caller: { kind: 'member' as const, userId: idOf(`user ${user}`) as UserId },
          sessionId: idOf(`session ${user}`) as SessionId,
          roles: ['member'],
          may: new Set(may),
        }),
      ),
    anonymous: () => caller(anonymousContext(request())),
    database,
    files,
    entitlements,
    events,
    ownerUrl: test.url,
    clock: {
      async advance({ seconds }) {
        await owner.query(`update "${product}".clock set ahead = ahead + make_interval(secs => $1)`, [seconds]);
        await jobStore.advance({ seconds });
        if (hasClock(entitlements)) entitlements.clock.advance({ seconds });
      },
    },
    audit: {
      get records() {
        return [...audited.values()];
      },
      settled: () =>
        until('no record of the audit waits', async () => {
          const unsent = `select from "${product}".outbox where kind = 'audit' and sent_at is null limit 1`;
          return (await owner.query(unsent)).rowCount === 0;
        }),
    },
    jobs: {
      async settled(name) {
        const waits = async () => {
          const record = `select from "${product}".outbox where kind = 'job' and name = $1 and sent_at is null limit 1`;
          return (await owner.query(record, [name])).rowCount === 1;
        };
        // Twice: a job that was open at the first look may have left a record, which is a job by the second.
        const isOver = async () =>
          !(await waits()) && !(await jobStore.hasOpen(name)) && !(await waits()) && !(await jobStore.hasOpen(name));
        await until(`jobs "${name}" have ended`, isOver);
      },
      async stop() {
        await worker?.stop(5_000);
        worker = null;
      },
      async start() {
        worker ??= await begin();
      },
      get measured() {
        return worker?.runner ?? null;
      },
      async outboxes() {
        return worker?.outboxes() ?? null;
      },
    },
    tenantData: testTenantData({
      declaration,
      database,
      files,
      systemUrl: as('system'),
      jobStoreUrl: jobStore.runnerUrl,
      log,
    }),
    async redeploy(context) {
      await worker?.stop(5_000);
      deployment = context;
      subgraph = host();
      worker = await begin();
    },
    lint: () => lintCatalogue(declared, test.url),
    async close() {
      await worker?.stop(5_000);
      await database.close();
      await jobStore.close();
      await owner.end();
      if (folder) {
        await files.close();
        await rm(folder, { recursive: true, force: true });
      }
      await test.drop();
    },
  };
}
