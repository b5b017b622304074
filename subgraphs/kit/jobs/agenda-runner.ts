import { PostgresBackend } from '@agendajs/postgres-backend';
import type { DeploymentContext, TenantsPort } from '@inevitable/contract';
import { Agenda, type Job } from 'agenda';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { ProductDatabase } from '../database/index.js';
import type { EventDefinition } from '../events/define-event.js';
import { newId } from '../graph/new-id.js';
import { DEFAULT_CONCURRENCY, DEFAULT_RETRY, retryDelay, type JobDefinition } from './define-job.js';
import { JOB_CHANNEL, JOB_TABLE, type JobData } from './job-store.js';
import { guardRepository } from './guard-repository.js';
import { JobCannotRun, JobNotNow, runJob } from './run-job.js';

/** The jobs of one product, and what they run on. */
export interface ProductJobs {
  readonly product: string;
  readonly jobs: readonly JobDefinition<unknown, never>[];
  /** What they may publish. */
  readonly events: readonly EventDefinition[];
  readonly database: ProductDatabase | null;
}

export interface RunnerDeps {
  readonly tenants: TenantsPort;
  readonly deployment: DeploymentContext;
  readonly log: Logger;
}

export interface JobRunner {
  /** No new claims; running jobs get `graceMs` to end, the rest are handed back for others to run at once. */
  stop(graceMs: number): Promise<void>;
}

/** A dead worker's jobs are free after this long. Ten heartbeats fit into it. */
const LOCK_MS = 15_000;
const HEARTBEAT_MS = 1_500;
/** The promise behind the notifications. */
const POLL_MS = 1_000;
const KEEP_FINISHED = '14 days';
const PURGE_EVERY_MS = 3_600_000;

/**
 * Runs products' jobs on stock Agenda, whose traps are guarded here: a running job's lock is kept alive by a heartbeat
 * (else it runs twice) and its state is saved by its holder alone (guard-repository.ts), jobs are claimed no faster than
 * they can start (else one worker hoards them), the LISTEN connection's errors are heard (else they end the process), a stop waits for what runs (else it runs again), and
 * records are inserted by id through the outbox, never with `unique()`, which is not unique under concurrency.
 * The only module that imports Agenda.
 */
export async function startJobRunner(
  pool: Pool,
  products: readonly ProductJobs[],
  { tenants, deployment, log }: RunnerDeps,
): Promise<JobRunner> {
  await pool.query('select 1'); // Agenda would leave a failed first connection as an unhandled rejection
  const worker = `worker-${newId()}`;
  const backend = new PostgresBackend({ pool, tableName: JOB_TABLE, channelName: JOB_CHANNEL, ensureSchema: false });
  backend.notificationChannel?.on('error', (error: unknown) =>
    log.warn({ err: error }, 'job notifications broke; polling until they are back'),
  );
  guardRepository(backend.repository, pool, worker);
  const agenda = new Agenda({
    backend,
    name: worker,
    processEvery: POLL_MS,
    defaultLockLifetime: LOCK_MS,
    maxConcurrency: 50,
  });
  agenda.on('error', (error: unknown) => log.warn({ err: error }, 'Agenda reported an error'));

  /** Ids of jobs between Agenda's claim and its last write about them. */
  const running = new Set<string>();
  let whenIdle: () => void = () => undefined;
  // Agenda repeats other workers' events here too, marked as remote and without a job.
  agenda.on('complete', (run: Job, isRemote?: boolean) => {
    if (isRemote) return;
    running.delete(String(run.attrs._id));
    if (running.size === 0) whenIdle();
  });
  const stopping = new AbortController();

  for (const { jobs, ...owner } of products) {
    for (const job of jobs) {
      const concurrency = job.concurrency ?? DEFAULT_CONCURRENCY;
      const retry = job.retry ?? DEFAULT_RETRY;
      agenda.define(job.name, (run: Job) => supervise(run, job, owner), {
        concurrency,
        lockLimit: concurrency,
        // Agenda counts failures, the one being handled included; so do we.
        backoff: ({ attempt, error }) => {
          if (error instanceof JobNotNow) return error.waitMs;
          return error instanceof JobCannotRun ? null : retryDelay(retry, attempt);
        },
      });
    }
  }

  /** Keeps the lock while the handler runs, and keeps the outcome from Agenda when the worker stopped meanwhile. */
  async function supervise(
    run: Job,
    job: JobDefinition<unknown, never>,
    owner: Omit<ProductJobs, 'jobs'>,
  ): Promise<void> {
    running.add(String(run.attrs._id));
    const attempt = (run.attrs.failCount ?? 0) + 1;
    const lockLost = new AbortController();
    const heartbeat = setInterval(() => void renewLock(run, lockLost), HEARTBEAT_MS);
    try {
      const signal = AbortSignal.any([stopping.signal, lockLost.signal]);
      await runJob(job, run.attrs.data as JobData, attempt, signal, { ...owner, tenants, deployment, log });
    } catch (error) {
      if (stopping.signal.aborted) return await new Promise<never>(() => undefined); // handed back in stop(), not failed
      if (error instanceof JobNotNow) {
        run.attrs.failCount = attempt - 2; // Agenda adds one for every throw, and this one is not the job's fault
        throw error;
      }
      log.warn({ job: job.name, id: run.attrs._id, attempt, err: error }, 'a job failed');
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** Agenda's own touch() writes the whole state; the lock alone is enough, and only while it is still ours. */
  async function renewLock(run: Job, lockLost: AbortController): Promise<void> {
    try {
      const { rowCount } = await pool.query(
        `update ${JOB_TABLE} set locked_at = now() where id = $1 and last_modified_by = $2 and locked_at is not null`,
        [String(run.attrs._id), worker],
      );
      if (rowCount)
        run.attrs.lockedAt = new Date(); // Agenda judges by this copy
      else lockLost.abort(new Error('Another worker holds this job now.'));
    } catch (error) {
      log.warn({ id: run.attrs._id, err: error }, 'a job lock could not be renewed');
    }
  }

  const purge = setInterval(() => {
    pool
      .query(
        `delete from ${JOB_TABLE} where id in (select id from ${JOB_TABLE} where next_run_at is null and locked_at is null
         and last_finished_at < now() - interval '${KEEP_FINISHED}' limit 5000)`,
      )
      .catch((error: unknown) => log.warn({ err: error }, 'finished jobs could not be purged'));
  }, PURGE_EVERY_MS);

  await agenda.start();

  return {
    async stop(graceMs) {
      clearInterval(purge);
      await agenda.stop(false);
      if (running.size) await Promise.race([new Promise<void>((resolve) => (whenIdle = resolve)), elapsed(graceMs)]);
      stopping.abort(new Error('The worker is stopping.'));
      // Also after the grace: an interrupted job is due at once, for whoever is there.
      await pool.query(
        `update ${JOB_TABLE} set locked_at = null, next_run_at = coalesce(next_run_at, now()) where last_modified_by = $1 and locked_at is not null`,
        [worker],
      );
    },
  };
}

const elapsed = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
