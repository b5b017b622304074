import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startCluster, type Cluster } from '@inevitable/kit/host';
import pg from 'pg';
import { startProcess, type StartedProcess } from '../../processes/start-process.js';
import { usageOf } from '../../processes/usage.js';
import type { QueueDatabase } from '../queues/queue.js';
import type { QueueName } from '../queues/queue-names.js';
import { QUEUES } from '../queues/queues.js';
import type { ProducerOrder } from '../processes/serve-producer.js';
import type { WorkerOrder, WorkerSetup } from '../processes/serve-worker.js';

/** One PostgreSQL for both queues. Each measurement has a database of its own in it, as `prepare` made it. */
export interface JobsBed {
  open(name: QueueName): Promise<QueueBed>;
  /** Of all of PostgreSQL's processes, since its start. */
  serverCpuMs(): Promise<number>;
  close(): Promise<void>;
}

/** One queue's database, and its processes. */
export interface QueueBed {
  /** Queues jobs past every API, and lets PostgreSQL take its statistics of them. */
  fill(jobs: number, tenants: number): Promise<void>;
  worker(setup: Omit<WorkerSetup, keyof QueueDatabase>): Promise<Asked<WorkerOrder>>;
  producer(): Promise<Asked<ProducerOrder>>;
  /**
   * Committed and rolled back until now. A connection tells of its own about once a second, when it is used; all is in
   * it once `endProcesses` has returned.
   */
  transactions(): Promise<number>;
  /** Of PostgreSQL's process behind each of the database's connections, by its pid, since its start. */
  connectionsCpuMs(): Promise<ReadonlyMap<number, number>>;
  /** Ends worker and producer, and waits for PostgreSQL to have seen it. */
  endProcesses(): Promise<void>;
  close(): Promise<void>;
}

export interface Asked<Order> {
  ask<Answer>(order: Order): Promise<Answer>;
}

const UNSEEN_WITHIN_MS = 10_000;

export async function openJobsBed(names: readonly QueueName[]): Promise<JobsBed> {
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
  const beds: OpenedQueue[] = [];
  /** Databases need no dropping: the whole server goes. */
  async function closeAll(): Promise<void> {
    await Promise.all(beds.map(({ stopProcesses }) => stopProcesses()));
    await admin.end();
    await cluster.stop();
    await remove();
  }
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= closeAll());

  try {
    const serverPid = Number((await readFile(join(cluster.directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    for (const name of names) {
      await admin.query(`CREATE DATABASE ${templateOf(name)}`);
      await QUEUES[name].prepare(databaseIn(adminUrl, templateOf(name)));
    }
    let copies = 0;
    return {
      async open(name) {
        const copy = `bench_${name}_${++copies}`;
        await admin.query(`CREATE DATABASE ${copy} TEMPLATE ${templateOf(name)}`);
        const opened = openQueue(name, copy, adminUrl, admin);
        beds.push(opened);
        return opened.bed;
      },
      serverCpuMs: async () => (await usageOf(serverPid)).cpuMs,
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
}

function openQueue(name: QueueName, copy: string, adminUrl: string, admin: pg.Pool): OpenedQueue {
  const queue = QUEUES[name];
  const database = databaseIn(adminUrl, copy);
  const started: StartedProcess<null>[] = [];
  async function start(module: URL, setup: unknown): Promise<StartedProcess<null>> {
    const one = await startProcess<null>(module, setup);
    started.push(one);
    return one;
  }
  const stopProcesses = async (): Promise<void> => void (await Promise.all(started.splice(0).map((one) => one.stop())));

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
    async connectionsCpuMs() {
      const { rows } = await admin.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [
        copy,
      ]);
      return new Map(await Promise.all(rows.map(async ({ pid }) => [pid, (await usageOf(pid)).cpuMs] as const)));
    },
    async endProcesses() {
      await stopProcesses();
      await unseen(admin, copy);
    },
    async close() {
      await stopProcesses();
      await admin.query(`DROP DATABASE ${copy} WITH (FORCE)`);
    },
  };
  return { bed, stopProcesses };
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

const templateOf = (name: QueueName): string => `template_${name}`;

function databaseIn(adminUrl: string, database: string): QueueDatabase {
  const url = new URL(adminUrl);
  const secret = url.password;
  url.pathname = `/${database}`;
  return { url: url.href, secret };
}
