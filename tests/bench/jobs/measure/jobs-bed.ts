import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startCluster, type Cluster } from '@inevitable/kit/host';
import pg from 'pg';
import { startProcess, type StartedProcess } from '../../processes/start-process.js';
import { usageOf } from '../../processes/usage.js';
import type { Queue, QueueDatabase } from '../queues/queue.js';
import { kindOf, KINDS, storageOf, type Kind, type QueueName } from '../queues/queue-names.js';
import { QUEUES } from '../queues/queues.js';
import type { ProducerOrder } from '../processes/serve-producer.js';
import type { WorkerOrder, WorkerSetup } from '../processes/serve-worker.js';
import { openMongoDatabase, type MongoDatabase, type MongoServer } from './mongo-database.js';

/**
 * One PostgreSQL for all queues, and one server of MongoDB's for those whose jobs are there. Each measurement has a
 * database of its own in them, as `prepare` made it.
 */
export interface JobsBed {
  /** `isAlone`: with a server of MongoDB's of its own, unless that is not ours to start. */
  open(name: QueueName, options?: { readonly isAlone?: boolean }): Promise<QueueBed>;
  close(): Promise<void>;
}

/** One queue's databases, and its processes. */
export interface QueueBed {
  /** Queues jobs past every API, and lets PostgreSQL take its statistics of them. */
  fill(jobs: number, tenants: number): Promise<void>;
  worker(setup: Omit<WorkerSetup, keyof QueueDatabase>): Promise<Asked<WorkerOrder>>;
  producer(): Promise<Asked<ProducerOrder>>;
  /**
   * Of PostgreSQL, committed and rolled back until now. A connection tells of its own about once a second, when it is used; all is in
   * it once `endProcesses` has returned.
   */
  transactions(): Promise<number>;
  /**
   * Of all of PostgreSQL's processes, and of MongoDB's server where jobs are there, since their start; NaN where that is
   * not ours.
   */
  serverCpuMs(): Promise<number>;
  /**
   * Of PostgreSQL's process behind each of the database's connections, and of MongoDB's server, by their pids, since their
   * start; with a NaN where that is not ours.
   */
  serversCpuMs(): Promise<ReadonlyMap<number, number>>;
  /** Ends worker and producer, and waits for PostgreSQL to have seen it. */
  endProcesses(): Promise<void>;
  close(): Promise<void>;
}

export interface Asked<Order> {
  ask<Answer>(order: Order): Promise<Answer>;
}

const UNSEEN_WITHIN_MS = 10_000;

/** `mongo`: wanted where one of the names has its jobs there. The bed does not stop it. */
export async function openJobsBed(names: readonly QueueName[], mongo: MongoServer | null): Promise<JobsBed> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-jobs-'));
  await chmod(dataDir, 0o711); // the database's own user passes through
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  let cluster: Cluster;
  try {
    cluster = await startCluster({ dataDir });
  } catch (error) {
    await remove();
    throw error;
  }
  const { url: adminUrl } = cluster;
  const admin = new pg.Pool({ connectionString: adminUrl, max: 2 });
  admin.on('error', () => undefined); // that the server is being stopped, on a connection that is being closed
  const beds: OpenedQueue[] = [];
  /** Databases of PostgreSQL need no dropping: the whole server goes. */
  async function closeAll(): Promise<void> {
    await Promise.all(beds.map(({ stopProcesses, dropMongo }) => stopProcesses().then(dropMongo)));
    await admin.end();
    await cluster.stop();
    await remove();
  }
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll());

  try {
    const serverPid = Number((await readFile(join(cluster.directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    for (const kind of KINDS.filter((one) => names.some((name) => kindOf(name) === one))) {
      await admin.query(`CREATE DATABASE ${templateOf(kind)}`);
      await QUEUES[kind].prepare({ ...databaseIn(adminUrl, templateOf(kind)), mongoUrl: null });
    }
    let copies = 0;
    return {
      async open(name, { isAlone = false } = {}) {
        const kind = kindOf(name);
        const copy = `bench_${kind}_${++copies}`;
        await admin.query(`CREATE DATABASE ${copy} TEMPLATE ${templateOf(kind)}`);
        const mongoDatabase =
          storageOf(name) === 'mongodb' ? await openMongoDatabase(mongo!, `${copy}_${process.pid}`, isAlone) : null;
        const opened = openQueue(QUEUES[kind], { copy, adminUrl, admin, serverPid, mongoDatabase });
        beds.push(opened);
        if (mongoDatabase) await QUEUES[kind].prepareMongo(mongoDatabase.url);
        return opened.bed;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OpenedQueue {
  readonly bed: QueueBed;
  stopProcesses(): Promise<void>;
  dropMongo(): Promise<void>;
}

interface QueuePlaces {
  /** The database in PostgreSQL. */
  readonly copy: string;
  readonly adminUrl: string;
  readonly admin: pg.Pool;
  readonly serverPid: number;
  /** null: jobs are in PostgreSQL. */
  readonly mongoDatabase: MongoDatabase | null;
}

function openQueue(queue: Queue, { copy, adminUrl, admin, serverPid, mongoDatabase }: QueuePlaces): OpenedQueue {
  const database: QueueDatabase = { ...databaseIn(adminUrl, copy), mongoUrl: mongoDatabase?.url ?? null };
  const started: StartedProcess<null>[] = [];
  async function start(module: URL, setup: unknown): Promise<StartedProcess<null>> {
    const one = await startProcess<null>(module, setup);
    started.push(one);
    return one;
  }
  const stopProcesses = async (): Promise<void> => void (await Promise.all(started.splice(0).map((one) => one.stop())));

  const dropMongo = async (): Promise<void> => mongoDatabase?.drop();
  const mongoCpuMs = async (): Promise<number> => (mongoDatabase ? mongoDatabase.serverCpuMs() : 0);

  const bed: QueueBed = {
    async fill(jobs, tenants) {
      await queue.fill(database, jobs, tenants);
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query('VACUUM ANALYZE');
      await client.end();
      await unseen(admin, copy);
    },
    worker: (setup) => start(queue.worker, { ...database, ...setup } satisfies WorkerSetup),
    producer: () => start(queue.producer, database),
    async transactions() {
      const { rows } = await admin.query<{ count: string }>(
        'select xact_commit + xact_rollback as count from pg_stat_database where datname = $1',
        [copy],
      );
      return Number(rows[0]!.count);
    },
    serverCpuMs: async () => (await usageOf(serverPid)).cpuMs + (await mongoCpuMs()),
    async serversCpuMs() {
      const { rows } = await admin.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [
        copy,
      ]);
      return new Map([
        ...(await Promise.all(rows.map(async ({ pid }) => [pid, (await usageOf(pid)).cpuMs] as const))),
        [mongoDatabase?.serverPid ?? 0, await mongoCpuMs()],
      ]);
    },
    async endProcesses() {
      await stopProcesses();
      await unseen(admin, copy);
    },
    async close() {
      await stopProcesses();
      await dropMongo();
      await admin.query(`DROP DATABASE ${copy} WITH (FORCE)`);
    },
  };
  return { bed, stopProcesses, dropMongo };
}

/** Resolves when no connection to a database is left: the last thing each of them does is to count its transactions. */
async function unseen(admin: pg.Pool, database: string): Promise<void> {
  const giveUpAt = Date.now() + UNSEEN_WITHIN_MS;
  for (;;) {
    const { rowCount } = await admin.query('select from pg_stat_activity where datname = $1 limit 1', [database]);
    if (rowCount === 0) return;
    if (Date.now() > giveUpAt)
      throw new Error(`Connections to ${database} are still open after ${UNSEEN_WITHIN_MS} ms.`);
    await wait(20);
  }
}

const templateOf = (kind: Kind): string => `template_${kind}`;

function databaseIn(adminUrl: string, database: string): Omit<QueueDatabase, 'mongoUrl'> {
  const url = new URL(adminUrl);
  const secret = url.password;
  url.pathname = `/${database}`;
  return { url: url.href, secret };
}
