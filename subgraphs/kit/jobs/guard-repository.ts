import type { JobRepository } from 'agenda';
import type { Pool } from 'pg';
import { JOB_TABLE } from './job-store.js';

/**
 * Replaces two statements of Agenda's PostgreSQL repository that do not ask whose job it is:
 * `saveJobState` lets a worker that lost its lock overwrite the new holder's state, and `unlockJobs` leaves a job that
 * was taken over from a dead worker without a lock and without a time to run: it would never run again.
 */
export function guardRepository(repository: JobRepository, pool: Pool, worker: string): void {
  repository.saveJobState = async (job) => {
    const { rowCount } = await pool.query(
      `update ${JOB_TABLE} set locked_at = $3, next_run_at = $4, last_run_at = $5, progress = $6, fail_reason = $7,
         fail_count = $8, failed_at = $9, last_finished_at = $10
       where id = $1 and last_modified_by = $2 and locked_at is not null`,
      [
        String(job._id),
        worker,
        job.lockedAt ?? null,
        job.nextRunAt ?? null,
        job.lastRunAt ?? null,
        job.progress ?? null,
        job.failReason ?? null,
        job.failCount ?? null,
        job.failedAt ?? null,
        job.lastFinishedAt ?? null,
      ],
    );
    if (!rowCount) throw new Error(`Job ${String(job._id)} (${job.name}) belongs to another worker now.`);
  };
  repository.unlockJobs = async (ids) => {
    await pool.query(
      `update ${JOB_TABLE} set locked_at = null, next_run_at = coalesce(next_run_at, now())
       where id = any($1::uuid[]) and last_modified_by = $2 and locked_at is not null`,
      [ids.map(String), worker],
    );
  };
}
