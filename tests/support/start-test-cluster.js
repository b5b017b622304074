import { mkdtemp, rm } from 'node:fs/promises';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '@inevitable/kit/host';

/** jest's global setup: one PostgreSQL for the whole run, without fsync. Its workers find it in STACK_TEST_CLUSTER. */
export default async function startTestCluster() {
  const dataDir = await mkdtemp(join(tmpdir(), 'stack-test-'));
  await chmod(dataDir, 0o711); // the database's own user passes through
  const cluster = await startCluster({ dataDir, fsync: false });
  process.env['STACK_TEST_CLUSTER'] = cluster.url;
  globalThis.stopTestCluster = async () => {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
