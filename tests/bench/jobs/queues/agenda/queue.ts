import { PostgresBackend } from '@agendajs/postgres-backend';
import pg from 'pg';
import type { Queue } from '../queue.js';
import { jobName } from './stock-agenda.js';

export const agenda: Queue = {
  worker: new URL('./worker.js', import.meta.url),
  producer: new URL('./producer.js', import.meta.url),
  async prepare({ url }) {
    const backend = new PostgresBackend({ connectionString: url });
    await backend.connect();
    await backend.disconnect();
  },
  async fill({ url }, jobs) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      // What agenda.now() writes; it knows no tenants.
      await client.query(
        `insert into agenda_jobs (name, priority, next_run_at, type, data, disabled, fork)
         select $1, 0, now(), 'normal', jsonb_build_object('number', number, 'sentAtMs', 0), false, false
         from generate_series(0, $2::int - 1) number`,
        [jobName(0), jobs],
      );
    } finally {
      await client.end();
    }
  },
};
