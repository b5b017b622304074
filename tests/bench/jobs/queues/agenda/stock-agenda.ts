import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda } from 'agenda';

/** Milliseconds. Shorter, its empty looks would cost more than the jobs; notifications wake it between two of them. */
const PROCESS_EVERY_MS = 200;

export const jobName = (definition: number): string => `bench-${definition}`;

/** Agenda with its own PostgreSQL backend and notifications, everything else as it comes. */
export function stockAgenda(url: string, places: number): Agenda {
  const backend = new PostgresBackend({ connectionString: url });
  const tell = (error: unknown): void => void process.stderr.write(`agenda: ${String(error)}\n`);
  backend.notificationChannel!.on('error', tell);
  const agenda = new Agenda({ backend, processEvery: PROCESS_EVERY_MS, maxConcurrency: places });
  agenda.on('error', tell);
  return agenda;
}
