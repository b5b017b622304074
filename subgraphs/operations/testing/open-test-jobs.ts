import { type JobRecord, type RequestContext, type TenantId, type UserId } from '@inevitable/contract';
import { jobsPermission, type JobDefinition } from '@inevitable/kit';
import {
  ensureRoles,
  hostSubgraph,
  inProcessBus,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  openJobDesk,
  openJobStore,
  roleUrl,
  startWorker,
} from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { operationsSubgraph } from '../subgraph.js';
import { testContext } from './test-context.js';

export const ACME = '00000000-0000-8000-8000-00000000acc0' as TenantId;
export const GLOBEX = '00000000-0000-8000-8000-0000000061b0' as TenantId;

/** Longer than any run takes; without it a job that hangs would hang the test. */
const WITHIN_MS = 20_000;
const EVERY_MS = 10;

export type Asker = 'root' | 'nobody' | { readonly tenant: TenantId; readonly products: readonly string[] };

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

/**
 * Operations' view of the jobs of products that exist only here (`<product>.<job>`), on a real job store with a real
 * worker. What operations keeps for itself is not opened.
 */
export async function openTestJobs(jobs: readonly JobDefinition[]) {
  const log = pino({ level: 'silent' });
  const stored = await createTestDatabase('operations jobs', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  const urlOf = (role: 'runner' | 'reader') => roleUrl(stored.url, stored.secret, JOB_STORE_SCHEMA, role);
  const owner = new pg.Pool({ connectionString: stored.url, max: 2 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  const store = await openJobStore(urlOf('runner'), log);
  const desk = await openJobDesk(urlOf('reader'), log);
  const entitlements = {} as never;
  const products = [...new Set(jobs.map(({ name }) => name.split('.')[0]!))];
  const worker = await startWorker({
    products: products.map((product) => ({
      declaration: {
        name: product,
        owner: 'tests',
        schema: new URL('file:///none'),
        resolvers: {},
        jobs: jobs.filter(({ name }) => name.startsWith(`${product}.`)),
      },
      database: null,
      systemUrl: null,
    })),
    jobStoreUrl: urlOf('runner'),
    tenants: {
      find: (id) =>
        Promise.resolve({ id, slug: id, name: id, plan: 'free', entitlementsDigest: '', status: 'active' as const }),
      active: (after) => Promise.resolve(after === null ? [GLOBEX, ACME].sort() : []),
    },
    entitlements,
    audit: null as never, // there is no outbox
    deployment: 'internal',
    events: inProcessBus(() => undefined),
    log,
  });
  const subgraph = hostSubgraph(
    operationsSubgraph({
      health: () => Promise.resolve({ status: 'ready', parts: [] }),
      desk,
      jobs,
      events: [],
      upkeep: {} as never,
      subgraphs: [],
    }),
    { database: null, entitlements, events: null, log },
  );

  const contextOf = (asker: Asker): RequestContext => {
    const nobody = testContext();
    if (asker === 'nobody') return nobody;
    const userId = 'somebody' as UserId;
    if (asker === 'root') return Object.freeze({ ...nobody, caller: { kind: 'platformAdmin' as const, userId } });
    return Object.freeze({
      ...nobody,
      caller: { kind: 'member' as const, userId },
      tenant: { id: asker.tenant, plan: 'free', entitlementsDigest: '' },
      may: new Set(asker.products.map(jobsPermission)),
    });
  };
  const rows = async <Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query(statement, values)).rows;

  return {
    rows,
    /** As the relay hands it over; answers its id. */
    async insert(record: Partial<JobRecord> & Pick<JobRecord, 'name'>): Promise<string> {
      const id = record.id ?? v7();
      const rest = { payload: {}, correlationId: id, trace: null, onceKey: null, priority: 0, runAt: null, after: [] };
      await store.insert([{ ...rest, tenantId: null, ...record, id }]);
      return id;
    },
    /** Resolves when the job is in one of these states. */
    async reaches(id: string, ...states: readonly string[]): Promise<void> {
      const giveUpAt = Date.now() + WITHIN_MS;
      for (;;) {
        const [job] = await rows<{ state: string }>('select state from jobs.jobs where id = $1', [id]);
        if (job && states.includes(job.state)) return;
        if (Date.now() > giveUpAt)
          throw new Error(`Job ${id} is ${job?.state ?? 'gone'}, not ${states.join(' or ')}, after ${WITHIN_MS} ms.`);
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    },
    /** The job store's clock. */
    advance: (interval: string) => rows('update jobs.clock set ahead = ahead + $1::interval', [interval]),
    ask: async (asker: Asker, query: string, variables: Record<string, unknown> = {}): Promise<Answer> =>
      JSON.parse(JSON.stringify(await subgraph.execute({ query, variables }, contextOf(asker)))) as Answer,
    subscribe: (asker: Asker, query: string, variables: Record<string, unknown> = {}) =>
      subgraph.subscribe!({ query, variables }, contextOf(asker)),
    async close() {
      await worker.stop(5_000);
      await Promise.all([store.close(), desk.close()]);
      await owner.end();
      await stored.drop();
    },
  };
}

export type TestJobs = Awaited<ReturnType<typeof openTestJobs>>;
