import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { choosePlace, openState } from './choose-place.js';
import { liveClaims, newClaim } from './claims.js';
import { ensureData } from './ensure-data.js';
import { prepareBinaries } from './prepare-binaries.js';
import { stopServer } from './running-server.js';
import { ensureServer } from './ensure-server.js';
import { underLock } from './under-lock.js';

export interface StartClusterOptions {
  /** Made if missing. Data, password and log live in its folder `postgres`. */
  readonly dataDir: string;
  /** Told, one sentence at a time, what an operator would want to know, such as that the data had to move. */
  readonly report?: (line: string) => void;
  /** Default true. False is faster, for tests: a killed server or a power cut then loses confirmed rows. */
  readonly fsync?: boolean;
  /** Created if missing. Default `stack`. */
  readonly database?: string;
}

export interface Cluster {
  /** As superuser, password included. */
  readonly url: string;
  /** Where PostgreSQL's data really is. */
  readonly directory: string;
  /** Leaves the cluster. The last one to leave stops the server, and has waited for it when this resolves. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL on `dataDir`, or joins the server another process has started there. It listens on 127.0.0.1 only,
 * on a random port. Throws ClusterUnavailable.
 *
 * A process that is killed leaves the server running; the next one to start joins it, and stops it when it leaves.
 */
export async function startCluster({
  dataDir,
  report = () => {},
  fsync = true,
  database = 'stack',
}: StartClusterOptions): Promise<Cluster> {
  const state = await openState(dataDir);
  const leases = join(state, 'leases');
  const lease = join(leases, newClaim());

  // Joining and leaving exclude each other: nobody joins a server that is about to stop.
  const { place, password, port } = await underLock(state, async () => {
    const place = await choosePlace(state, report);
    const binaries = await prepareBinaries(place, report);
    const password = await ensureData(place, binaries, fsync);
    const { port } = await ensureServer(place, binaries, { password, database, fsync });
    await writeFile(lease, '');
    return { place, password, port };
  });

  const leave = () =>
    underLock(state, async () => {
      await rm(lease, { force: true });
      if ((await liveClaims(leases)).length === 0) await stopServer(place.data);
    });
  let left: Promise<void> | undefined;
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    directory: place.data,
    stop: () => (left ??= leave()),
  };
}
