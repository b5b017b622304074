import { openJobStorePool, postgresJobStore } from '@inevitable/kit/host';
import { pino } from 'pino';
import { openJobDatabase } from '../../support/job-database.js';
import { describeJobStore, type StoredAttempt, type StoredJob, type StoreUnderTest } from './describe-job-store.js';

const silent = pino({ level: 'silent' });

async function openPostgres(): Promise<StoreUnderTest> {
  const database = await openJobDatabase();
  const [store, another] = [postgresJobStore(database.url, silent), postgresJobStore(database.url, silent)];
  const operator = openJobStorePool(database.readerUrl, { 'stack.all_tenants': 'yes' });
  const asOperator = async <Answer>(call: string, about: string): Promise<Answer> =>
    (await operator.query<{ answer: Answer }>(`select ${call}($1) as answer`, [about])).rows[0]!.answer;
  return {
    store,
    another,
    advance: database.advance,
    async job(id) {
      const [job] = await database.sql<StoredJob>(
        'select id, name, state, attempts, worker, progress, note, error from jobs.jobs where id = $1',
        id,
      );
      if (!job) throw new Error(`There is no job ${id}.`);
      return job;
    },
    ids: async () => (await database.sql<{ id: string }>('select id from jobs.jobs order by id')).map(({ id }) => id),
    attempts: (id) =>
      database.sql<StoredAttempt>(
        `select attempt, worker, outcome, error, array(select line ->> 'message' from jsonb_array_elements(log) line) as log
         from jobs.attempts where job_id = $1 order by fence`,
        id,
      ),
    cancel: (id) => asOperator('cancel_job', id),
    retry: (id) => asOperator('retry_job', id),
    pause: (schedule) => asOperator('pause_schedule', schedule),
    resume: (schedule) => asOperator('resume_schedule', schedule),
    firings: (schedule) =>
      database.sql<{ due: Date; job: string | null }>(
        'select due, job_id as job from jobs.firings where schedule = $1 order by due',
        schedule,
      ),
    empty: database.empty,
    async close() {
      await Promise.all([store.close(), another.close(), operator.end()]);
      await database.close();
    },
  };
}

describeJobStore('PostgreSQL', openPostgres);
