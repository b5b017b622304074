import {
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrateJobStore,
  openJobDesk,
  openJobRuns,
  openJobStore,
  roleUrl,
} from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { JobCable } from '../../support/job-cable.js';
import { describeJobDesk } from './describe-job-desk.js';
import { describeJobRuns } from './describe-job-runs.js';
import { WORKER, type JobDeskUnderTest, type StoredJob } from './stored-jobs.js';

const silent = pino({ level: 'silent' });
const JOBS = `
  insert into jobs.jobs (id, name, tenant_id, state, schedule, payload, correlation_id, priority, run_at, created_at, started_at,
    finished_at, attempts, fence, worker, error)
  select id, name, "tenantId", state, schedule, '{}', 'c', 0, "runAt", "createdAt", "startedAt", "finishedAt", attempts, fence, $2, error
  from jsonb_to_recordset($1) as r (id uuid, name text, "tenantId" uuid, state text, schedule text, "runAt" timestamptz,
    "createdAt" timestamptz, "startedAt" timestamptz, "finishedAt" timestamptz, attempts integer, fence bigint, error text)`;
const DEPENDENCIES = `
  insert into jobs.dependencies (job_id, waits_for)
  select id, waits::uuid from jsonb_to_recordset($1) as r (id uuid, after jsonb), jsonb_array_elements_text(after) waits`;
const ATTEMPTS = `
  insert into jobs.attempts (job_id, fence, attempt, worker, started_at, ended_at, outcome, error, log)
  select id, fence, attempt, worker, "startedAt", "endedAt", coalesce(outcome, 'running'), error, (
    select coalesce(jsonb_agg(jsonb_build_object('at', "startedAt", 'level', 'info', 'message', message)), '[]')
    from jsonb_array_elements_text(log) message)
  from jsonb_to_recordset($1) as r (id uuid, runs jsonb),
    jsonb_to_recordset(runs) as a (fence bigint, attempt integer, worker text, "startedAt" timestamptz, "endedAt" timestamptz,
      outcome text, error text, log jsonb)`;
const EVERYTHING = `
  select (select jsonb_agg(j order by id) from jobs.jobs j) as jobs,
    (select jsonb_agg(a order by job_id, fence) from jobs.attempts a) as attempts,
    (select jsonb_agg(d order by job_id, waits_for) from jobs.dependencies d) as dependencies,
    (select jsonb_agg(s order by name) from jobs.schedules s) as schedules`;

async function openPostgres(): Promise<JobDeskUnderTest> {
  const test = await createTestDatabase('job desk', async (url) => {
    await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  });
  const owner = new pg.Pool({ connectionString: test.url, max: 1 });
  owner.on('error', () => undefined); // ended, and yet the server may drop the database before it reads the goodbye
  const urlOf = (role: 'runner' | 'reader') => roleUrl(test.url, test.secret, JOB_STORE_SCHEMA, role);
  const cable = await JobCable.to(urlOf('reader'));
  const desk = await openJobDesk(cable.url, silent);
  const runs = await openJobRuns(urlOf('reader'));
  const store = await openJobStore(urlOf('runner'), silent);
  return {
    desk,
    runs,
    store,
    async write(jobs) {
      await owner.query('truncate jobs.jobs cascade');
      const records = JSON.stringify(jobs);
      await owner.query(JOBS, [records, WORKER]);
      await owner.query(DEPENDENCIES, [records]);
      await owner.query(ATTEMPTS, [records]);
    },
    states: async () =>
      (await owner.query<Pick<StoredJob, 'id' | 'state'>>('select id, state from jobs.jobs order by id')).rows,
    everything: async () => (await owner.query(EVERYTHING)).rows,
    async advance({ seconds }) {
      await owner.query('update jobs.clock set ahead = ahead + make_interval(secs => $1)', [seconds]);
    },
    cut: () => cable.cut(),
    mend: () => cable.mend(),
    async empty() {
      await owner.query('truncate jobs.jobs, jobs.once_keys, jobs.workers, jobs.definitions cascade');
      await owner.query("update jobs.clock set ahead = '0'");
    },
    async close() {
      await Promise.all([desk.close(), runs.close(), store.close()]);
      cable.close();
      await owner.end();
      await test.drop();
    },
  };
}

describeJobDesk('PostgreSQL', openPostgres, { paged: 100, steered: 25, dead: 10_500 });
describeJobRuns('PostgreSQL', openPostgres, 50);
