import { MongoClient } from 'mongodb';
import pg from 'pg';
import type { Queue, QueueDatabase } from '../queue.js';
import { jobName, stockBackend } from './stock-agenda.js';

export const agenda: Queue = {
  worker: new URL('./worker.js', import.meta.url),
  producer: new URL('./producer.js', import.meta.url),
  prepare: ({ url }) => makeReady({ url, mongoUrl: null }),
  prepareMongo: (mongoUrl) => makeReady({ url: '', mongoUrl }),
  fill: (database, jobs) =>
    database.mongoUrl === null ? fillPostgres(database.url, jobs) : fillMongo(database.mongoUrl, jobs),
};

async function makeReady(database: Pick<QueueDatabase, 'url' | 'mongoUrl'>): Promise<void> {
  const backend = stockBackend(database);
  await backend.connect();
  await backend.disconnect();
}

// What agenda.now() writes; it knows no tenants.

async function fillPostgres(url: string, jobs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      `insert into agenda_jobs (name, priority, next_run_at, type, data, disabled, fork)
       select $1, 0, now(), 'normal', jsonb_build_object('number', number, 'sentAtMs', 0), false, false
       from generate_series(0, $2::int - 1) number`,
      [jobName(0), jobs],
    );
  } finally {
    await client.end();
  }
}

async function fillMongo(url: string, jobs: number): Promise<void> {
  const client = new MongoClient(url);
  try {
    const nextRunAt = new Date();
    await client
      .db()
      .collection('agendaJobs')
      .insertMany(
        Array.from({ length: jobs }, (_, number) => ({
          name: jobName(0),
          data: { number, sentAtMs: 0 },
          type: 'normal',
          priority: 0,
          nextRunAt,
          ...UNSET,
        })),
      );
  } finally {
    await client.close();
  }
}

const UNSET = Object.fromEntries(
  [
    ...['lockedAt', 'lastFinishedAt', 'failedAt', 'failCount', 'failReason', 'repeatTimezone', 'lastRunAt'],
    ...['repeatInterval', 'repeatAt', 'disabled', 'progress', 'debounceStartedAt', 'fork', 'startDate', 'endDate'],
    ...['skipDays', 'lastModifiedBy'],
  ].map((field) => [field, null]),
);
