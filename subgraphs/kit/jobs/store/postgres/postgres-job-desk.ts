import { notReady, ready } from '@inevitable/contract';
import type { Logger } from 'pino';
import { JobWatchers } from '../job-desk-watch.js';
import type { CancelOutcome, JobDesk, JobScope, RetryOutcome, RunOutcomeByHand } from '../job-desk.js';
import { retryManyDead, type RetriedPart } from '../retry-many-dead.js';
import type { SeenAttempt, SeenJob } from '../seen-jobs.js';
import { JOB_COLUMNS } from './job-columns.js';
import { readDefinitions } from './job-desk-definitions.js';
import { readOverview } from './job-desk-overview.js';
import { readPage } from './job-desk-pages.js';
import { withinScope, type AskInScope } from './job-desk-scope.js';
import { openChangeLine } from './open-change-line.js';
import { openJobStorePool } from './postgres-job-store.js';

const ALL: JobScope = { kind: 'all' };

const JOB = `select ${JOB_COLUMNS} from jobs j left join definitions d on d.name = j.name where j.id = $1`;
// A run under way has a row only if it has logged something.
const ATTEMPTS = `
  select a.job_id as "jobId", a.attempt, a.worker, a.started_at as "startedAt", a.ended_at as "endedAt",
    nullif(a.outcome, 'running') as outcome, a.error, a.log
  from attempts a where a.job_id = any ($1)
  union all
  select id, attempts, worker, started_at, null, null, null, '[]' from jobs j
  where id = any ($1) and state = 'running' and not exists (select from attempts a where a.job_id = j.id and a.fence = j.fence)
  order by "startedAt"`;
const DEPENDENCIES = `
  select w.job_id as "jobId", ${JOB_COLUMNS} from dependencies w join jobs j on j.id = w.waits_for
  left join definitions d on d.name = j.name where w.job_id = any ($1) order by j.id`;

/** `readerUrl`: of the reading role. */
export function postgresJobDesk(readerUrl: string, log: Logger): JobDesk {
  const pool = openJobStorePool(readerUrl);
  const watchers = new JobWatchers((heard) => openChangeLine(readerUrl, heard, log));
  const inScope = <T>(scope: JobScope, work: (ask: AskInScope) => Promise<T>): Promise<T> =>
    withinScope(pool, scope, work);
  const rows = <Row extends object>(scope: JobScope, text: string, values: readonly unknown[]): Promise<Row[]> =>
    inScope(scope, (ask) => ask<Row>(text, values));
  const answer = async <T>(scope: JobScope, call: string, ...values: readonly unknown[]): Promise<T> =>
    (await rows<{ answer: T }>(scope, `select ${call} as answer`, values))[0]!.answer;

  return {
    overview: () => inScope(ALL, readOverview),
    jobs: (scope, filter, page) => inScope(scope, (ask) => readPage(ask, scope, filter, page)),
    job: async (scope, id) => (await rows<SeenJob>(scope, JOB, [id]))[0] ?? null,
    attempts: (scope, jobIds) => rows<SeenAttempt>(scope, ATTEMPTS, [jobIds]),
    async dependencies(scope, jobIds) {
      const found = await rows<SeenJob & { jobId: string }>(scope, DEPENDENCIES, [jobIds]);
      return found.map(({ jobId, ...waitsFor }) => ({ jobId, waitsFor }));
    },
    definitions: (scope, only) => inScope(scope, (ask) => readDefinitions(ask, scope, only)),
    retry: (scope, id) => answer<RetryOutcome>(scope, 'retry_job($1)', id),
    // Each part is a transaction of its own.
    retryDead: (scope, name) =>
      retryManyDead(async (afterId, most) => {
        const values = [name, afterId, most];
        const [part] = await rows<RetriedPart>(
          scope,
          'select retried, last_id as "lastId" from retry_dead($1, $2, $3)',
          values,
        );
        return part!;
      }),
    cancel: (scope, id) => answer<CancelOutcome>(scope, 'cancel_job($1)', id),
    run: (scope, job) => answer<RunOutcomeByHand>(scope, 'run_job($1)', JSON.stringify(job)),
    pause: (scope, name) => answer<boolean>(scope, 'pause_schedule($1)', name),
    resume: (scope, name) => answer<boolean>(scope, 'resume_schedule($1)', name),
    watch: (scope, options) => watchers.watch(scope, options),
    async health() {
      try {
        await pool.query('select 1');
        return ready('job store');
      } catch (error) {
        return notReady('job store', `PostgreSQL does not answer: ${(error as Error).message}`);
      }
    },
    async close() {
      await watchers.close();
      await pool.end();
    },
  };
}
