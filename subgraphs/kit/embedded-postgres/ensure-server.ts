import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import type { Place } from './choose-place.js';
import { ClusterUnavailable } from './cluster-unavailable.js';
import { endOfLog, launchServer, type Launch } from './launch-server.js';
import type { Binaries } from './prepare-binaries.js';
import { findServer, type Server } from './running-server.js';

interface Wanted {
  readonly password: string;
  readonly database: string;
  readonly fsync: boolean;
}

const readyWithinMs = 60_000; // after a crash the server replays its journal before it answers

/**
 * Starts the server, or joins the one that runs on this data, and waits until it answers and has the database.
 * Call under the lock.
 */
export async function ensureServer(place: Place, binaries: Binaries, wanted: Wanted): Promise<Server> {
  const deadline = Date.now() + readyWithinMs;
  let launch: Launch | null = null;
  let refusal: unknown;
  while (Date.now() < deadline) {
    const server = await findServer(place.data);
    if (server) {
      try {
        await ensureDatabase(server, place, wanted);
        return server;
      } catch (error) {
        if (!isPassing(error)) throw error;
        refusal = error;
      }
    } else if (!launch || (launch.failure && (await failedInPassing(place)))) {
      launch = await launchServer(place, binaries, wanted.fsync);
    } else if (launch.failure instanceof ClusterUnavailable) {
      throw launch.failure;
    } else if (launch.failure) {
      throw new ClusterUnavailable(
        `PostgreSQL did not start on ${place.data} (${launch.failure}): ${await endOfLog(place)}`,
      );
    }
    await sleep(10);
  }
  throw new ClusterUnavailable(
    `PostgreSQL on ${place.data} is not ready after ${readyWithinMs / 1000} s, start again to wait on: ${await endOfLog(place)}`,
    { cause: refusal },
  );
}

/** The server is still starting or recovering, is on its way out, or has no connection left (SQLSTATE 57…, 53…). */
function isPassing(error: unknown): boolean {
  if (error instanceof ClusterUnavailable) return false;
  return !(error instanceof DatabaseError) || /^5[37]/.test(error.code ?? '');
}

/** The port was taken meanwhile, or the last server's orphans or its twin are still there: another try can succeed. */
async function failedInPassing(place: Place): Promise<boolean> {
  const reasons = /Address already in use|shared memory block .* still in use|"postmaster.pid" already exists/;
  return reasons.test(await endOfLog(place));
}

/** Creates the database unless it exists, on a server that turns out to be the right one. */
async function ensureDatabase(
  { pid, port }: Server,
  { data, state }: Place,
  { password, database, fsync }: Wanted,
): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => {}); // a lost connection also fails the query that is under way
  try {
    await client.connect();
    const { rows } = await client.query<{ directory: string; fsync: string; exists: boolean }>(
      `select current_setting('data_directory') as directory, current_setting('fsync') as fsync,
              exists (select from pg_database where datname = $1) as exists`,
      [database],
    );
    const [found] = rows;
    if (found?.directory !== data) {
      throw new ClusterUnavailable(
        `${data}/postmaster.pid names a server on ${found?.directory}: if this folder is a copy, remove that file.`,
      );
    }
    if (fsync && found.fsync === 'off') {
      throw new ClusterUnavailable(
        `The server on ${data} was started for tests and may lose what it confirms: stop it (kill -INT ${pid}), then start again.`,
      );
    }
    if (!found.exists) await client.query(`create database ${client.escapeIdentifier(database)}`);
  } catch (error) {
    if ((error as { code?: string }).code !== '28P01') throw error; // invalid_password
    throw new ClusterUnavailable(
      `The server on ${data} does not accept the password in ${state}/password: restore that file.`,
      { cause: error },
    );
  } finally {
    await client.end().catch(() => {});
  }
}
