import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTaken, processStart } from './claims.js';
import { ClusterUnavailable } from './cluster-unavailable.js';

export interface Server {
  readonly pid: number;
  readonly port: number;
}

/** The running server that `postmaster.pid` names. It may not answer yet, or be about to end. */
export async function findServer(data: string): Promise<Server | null> {
  const file = join(data, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!pid || !port) return null;
  if (isServerOf(pid, data)) return { pid, port };
  // PostgreSQL does not start while any process has this pid: in a container, where pids repeat, that could be for ever.
  // If the pid is free the file stays, as it tells PostgreSQL which shared memory orphans of that server may still use.
  if (isTaken(pid)) await rm(file, { force: true });
  return null;
}

/** Ends the server on this data, if one runs: politely for 10 s, then at once (its next start recovers). */
export async function stopServer(data: string): Promise<void> {
  // PostgreSQL's fast shutdown (ends sessions, writes everything) and immediate shutdown.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const server = await findServer(data);
    if (!server) return;
    process.kill(server.pid, signal);
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
      if (!isServerOf(server.pid, data)) return;
      await sleep(10);
    }
  }
  throw new ClusterUnavailable(`PostgreSQL on ${data} does not stop: end the process named in ${data}/postmaster.pid.`);
}

function isServerOf(pid: number, data: string): boolean {
  if (processStart(pid) === null) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data);
  } catch {
    return isTaken(pid); // no /proc here: the connection will tell
  }
}
