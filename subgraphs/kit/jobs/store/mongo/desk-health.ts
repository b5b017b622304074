import { notReady, ready, type PartHealth } from '@inevitable/contract';
import type { ServerHeartbeatFailedEvent } from 'mongodb';
import { answeredWithin } from '../answered-within.js';
import type { MongoJobs } from './mongo-jobs-database.js';

const PART = 'job store';
/** Less than whoever asks for health waits for, and than the driver takes to give up a server. */
const ANSWERS_WITHIN_MS = 1_500;

/** Answers in time how the server is; while it is away, why the driver does not reach it. */
export function watchHealth(db: MongoJobs): () => Promise<PartHealth> {
  // The driver looks for the server beside all else: what it found is known when a question to it is still waiting.
  let reason: string | null = null;
  const { client } = db.database;
  client.on('serverHeartbeatFailed', ({ failure }: ServerHeartbeatFailedEvent) => (reason = failure.message));
  client.on('serverHeartbeatSucceeded', () => (reason = null));

  return async () => {
    const late = (): Error => new Error(`nothing came within ${ANSWERS_WITHIN_MS} ms`);
    try {
      await answeredWithin(ANSWERS_WITHIN_MS, db.database.command({ ping: 1 }), late);
      return ready(PART);
    } catch (error) {
      return notReady(PART, `MongoDB does not answer: ${reason ?? (error as Error).message}`);
    }
  };
}
