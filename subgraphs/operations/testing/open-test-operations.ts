import { type Caller, type HealthReport, type PartHealth, type StackEvent, type UserId } from '@inevitable/contract';
import type { JobDefinition } from '@inevitable/kit';
import {
  ensureRoles,
  hostSubgraph,
  inProcessBus,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  lintCatalogue,
  migrate,
  migrateJobStore,
  openJobDesk,
  openJobRuns,
  openProductDatabase,
  openJobStore,
  roleUrl,
  startWorker,
} from '@inevitable/kit/host';
import { createTestDatabase, until } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { operationsDatabase } from '../database.js';
import { openSchemaRegistry } from '../registry/open-schema-registry.js';
import { openOperationsStore } from '../store/operations-store.js';
import { operationsSubgraph } from '../subgraph.js';
import { openTrafficStore } from '../traffic/traffic-store.js';
import { openUsageStore } from '../usage/usage-store.js';
import { testContext } from './test-context.js';

export interface EndedJob {
  readonly state: string;
  readonly note: string | null;
  readonly error: string | null;
  /** Log lines of all runs. */
  readonly log: readonly string[];
}

/**
 * Operations with its worker on a real PostgreSQL of its own. Its schedules are paused: a test says what runs when.
 * `others`: jobs whose runs are to be counted.
 */
export async function openTestOperations({ others = [] }: { readonly others?: readonly JobDefinition[] } = {}) {
  const log = pino({ level: 'silent' });
  const stored = await createTestDatabase('operations', async (url) => {
    const { password } = new URL(url);
    await ensureRoles(url, password, 'operations');
    await migrate(operationsDatabase, url);
    await ensureRoles(url, password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  const urlOf = (role: 'app' | 'system'): string => roleUrl(stored.url, stored.secret, 'operations', role);
  const jobsUrlOf = (role: 'runner' | 'reader'): string => roleUrl(stored.url, stored.secret, JOB_STORE_SCHEMA, role);
  const owner = new pg.Pool({ connectionString: stored.url, max: 2 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  const rows = async <Row extends object>(statement: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query(statement, values)).rows;

  const parts = new Map<string, () => PartHealth | Promise<PartHealth>>();
  const heard: StackEvent[] = [];
  const heardBus = inProcessBus((error) => log.error({ err: error }, 'a listener failed'));
  heardBus.subscribe('operations.', (event) => heard.push(event));
  let busIsAway = false;
  const bus = {
    ...heardBus,
    publish: (event: StackEvent) =>
      busIsAway ? Promise.reject(new Error('the bus is away')) : heardBus.publish(event),
  };

  const store = openOperationsStore(urlOf('system'));
  const warned: { readonly fields: object; readonly message: string }[] = [];
  const usage = openUsageStore(urlOf('system'), {
    warn: (fields: object, message: string) => void warned.push({ fields, message }),
  } as never);
  const traffic = openTrafficStore(urlOf('system'));
  const schemas = openSchemaRegistry(urlOf('system'), log);
  const runs = await openJobRuns(jobsUrlOf('reader'));
  const jobStore = await openJobStore(jobsUrlOf('runner'), log);
  const desk = await openJobDesk(jobsUrlOf('reader'), log);
  const database = await openProductDatabase(operationsDatabase, urlOf('app'));
  const entitlements = {} as never;
  const everyPart = async (): Promise<HealthReport> => {
    const asked = await Promise.all([...parts.values()].map((ask) => ask()));
    return { status: asked.every(({ ready }) => ready) ? 'ready' : 'not ready', parts: asked };
  };
  let health = everyPart;
  const declaration = operationsSubgraph({
    health: () => health(),
    desk,
    jobs: [],
    events: [],
    subgraphs: ['notes', 'prices'],
    upkeep: { store, schemas, usage, traffic, bus, runs, endedJobs: jobStore, keepJobsDays: 14 },
  });
  const scheduled = [
    ...(declaration.jobs ?? []),
    { name: 'operations.purge-outbox', schedule: { cron: '42 * * * *' } },
  ];
  for (const { name, schedule } of scheduled) {
    await rows(
      "insert into jobs.definitions (name, product, declared, declared_at) values ($1, 'operations', '{}', now())",
      [name],
    );
    await rows("insert into jobs.schedules (name, cron, timezone, paused_at) values ($1, $2, 'UTC', now())", [
      name,
      schedule!.cron,
    ]);
  }
  const subgraph = hostSubgraph(declaration, { database, entitlements, events: bus, log });
  const worker = await startWorker({
    products: [
      { declaration, database, systemUrl: urlOf('system') },
      { declaration: { ...declaration, name: 'other', jobs: others }, database: null, systemUrl: null },
    ],
    jobStoreUrl: jobsUrlOf('runner'),
    tenants: { find: () => Promise.resolve(null), active: () => Promise.resolve([]) },
    entitlements,
    audit: { append: () => Promise.resolve([]) },
    deployment: 'internal',
    events: bus,
    log,
  });

  return {
    store,
    schemas,
    usage,
    traffic,
    /** What the usage store logged. */
    warned,
    runs,
    rows,
    /** What subscribers of the bus heard. */
    heard,
    /** From here on the parts are these. */
    partsAre(...now: readonly PartHealth[]) {
      health = everyPart;
      parts.clear();
      for (const part of now) parts.set(part.name, () => part);
    },
    /** From here on this is what is asked for the parts. */
    healthIs(ask: () => Promise<HealthReport>) {
      health = ask;
    },
    busIsAway(away: boolean) {
      busIsAway = away;
    },
    /** Both clocks: operations' and the job store's. */
    async advance(interval: string) {
      await rows('update operations.clock set ahead = ahead + $1::interval', [interval]);
      await rows('update jobs.clock set ahead = ahead + $1::interval', [interval]);
    },
    /** Runs a job that is due at `due`, unless told by its id now; resolves when it has ended. */
    async run(name: string, due: Date = new Date()): Promise<EndedJob> {
      const id = v7({ msecs: due.getTime() });
      await jobStore.insert([
        {
          id,
          name,
          tenantId: null,
          payload: {},
          correlationId: id,
          trace: null,
          onceKey: null,
          priority: 0,
          runAt: null,
          after: [],
        },
      ]);
      let ended: EndedJob | undefined;
      await until(`job "${name}" has ended`, async () => {
        [ended] = await rows<EndedJob>(
          `select state, note, error, array(select line ->> 'message' from jobs.attempts a, jsonb_array_elements(a.log) line
             where a.job_id = j.id order by a.fence) as log
           from jobs.jobs j where id = $1 and state in ('succeeded', 'dead', 'cancelled')`,
          [id],
        );
        return ended !== undefined;
      });
      return ended!;
    },
    subgraph,
    /** For what a test opens a second time. */
    systemUrl: urlOf('system'),
    appUrl: urlOf('app'),
    ask: (
      query: string,
      caller: Caller = { kind: 'platformAdmin', userId: 'root' as UserId },
      variables: Record<string, unknown> = {},
    ) => subgraph.execute({ query, variables }, testContext(caller)),
    lint: () => lintCatalogue(operationsDatabase, stored.url),
    async close() {
      await worker.stop(5_000);
      await Promise.all([
        store.close(),
        schemas.close(),
        usage.close(),
        traffic.close(),
        runs.close(),
        jobStore.close(),
        desk.close(),
        database.close(),
      ]);
      await owner.end();
      await stored.drop();
    },
  };
}

export type TestOperations = Awaited<ReturnType<typeof openTestOperations>>;
