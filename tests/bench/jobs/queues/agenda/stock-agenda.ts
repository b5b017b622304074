import { MongoBackend } from '@agendajs/mongo-backend';
import { PostgresBackend } from '@agendajs/postgres-backend';
import { Agenda, type AgendaBackend } from 'agenda';
import type { QueueDatabase } from '../queue.js';

/** Milliseconds. Shorter, its empty looks would cost more than the jobs; notifications wake it between two of them. */
const PROCESS_EVERY_MS = 200;

export const jobName = (definition: number): string => `bench-${definition}`;

/** Its own backend for the storage: that of PostgreSQL has notifications, that of MongoDB none. */
export const stockBackend = ({ url, mongoUrl }: Pick<QueueDatabase, 'url' | 'mongoUrl'>): AgendaBackend =>
  mongoUrl === null ? new PostgresBackend({ connectionString: url }) : new MongoBackend({ address: mongoUrl });

/** Agenda with its own backend, everything else as it comes. */
export function stockAgenda(database: QueueDatabase, places: number): Agenda {
  const backend = stockBackend(database);
  const tell = (error: unknown): void => void process.stderr.write(`agenda: ${String(error)}\n`);
  backend.notificationChannel?.on('error', tell);
  const agenda = new Agenda({ backend, processEvery: PROCESS_EVERY_MS, maxConcurrency: places });
  agenda.on('error', tell);
  return agenda;
}
