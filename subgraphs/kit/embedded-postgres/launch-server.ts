import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Place } from './choose-place.js';
import type { ClusterUnavailable } from './cluster-unavailable.js';
import { cannotRun, type Binaries } from './prepare-binaries.js';

export interface Launch {
  /** Why the process is gone again; null while it runs. */
  failure: string | ClusterUnavailable | null;
}

/** Starts the server's process, and does not wait until it answers. */
export async function launchServer(place: Place, binaries: Binaries, fsync: boolean): Promise<Launch> {
  const settings = Object.entries(serverSettings(await freePort(), fsync));
  const file = logFile(place);
  await rename(file, `${file}.1`).catch(() => {}); // one earlier log is kept, so that they do not grow for ever
  const log = openSync(file, 'w', 0o600);
  const launch: Launch = { failure: null };
  try {
    // In a session of its own, tied to us by nothing: it outlives Ctrl-C, and us if we are killed.
    const child = spawn(
      binaries.postgres,
      ['-D', place.data, ...settings.map(([name, value]) => `--${name}=${value}`)],
      { ...place.account, env: binaries.environment, cwd: '/', detached: true, stdio: ['ignore', log, log] },
    );
    child.once('error', (error) => (launch.failure = cannotRun(binaries.postgres, error)));
    child.once('exit', (code, signal) => (launch.failure = signal ?? `exit ${code}`));
    child.unref();
  } finally {
    closeSync(log);
  }
  return launch;
}

/** For the end of a message: where the server's log is, and its last lines. */
export async function endOfLog(place: Place): Promise<string> {
  const lines = (await readFile(logFile(place), 'utf8')).trimEnd().split('\n');
  return `${logFile(place)} ends with\n${lines.slice(-12).join('\n')}`;
}

function logFile({ state }: Place): string {
  return join(state, 'postgres.log');
}

/** Given at every start, not written into the cluster, so that older data gets them too. */
function serverSettings(port: number, fsync: boolean): Record<string, string | number> {
  return {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // Neither statements nor row values reach the log: they hold passwords and personal data.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
