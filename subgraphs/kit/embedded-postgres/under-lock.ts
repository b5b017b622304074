import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveClaims, newClaim } from './claims.js';
import { ClusterUnavailable } from './cluster-unavailable.js';

const patienceMs = 90_000; // longer than a server may take to recover, and a stop that has to insist

/**
 * Runs `work` while no other process starts or stops the cluster kept in `directory`.
 *
 * The lock is a directory holding the claim of its owner; empty, it is free. A filled directory is renamed onto it,
 * which the system does only while it is missing or empty: owner and lock appear in one step. A dead owner's claim is
 * removed by its own name, so of two processes that find it neither can remove what the other has taken since.
 */
export async function underLock<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  const lock = join(directory, 'lock');
  const claim = newClaim();
  await acquire(lock, claim);
  try {
    return await work();
  } finally {
    await rm(join(lock, claim), { force: true });
  }
}

async function acquire(lock: string, claim: string): Promise<void> {
  const offer = `${lock}-${claim}`;
  await mkdir(offer);
  await writeFile(join(offer, claim), '');
  const deadline = Date.now() + patienceMs;
  while (!(await renamed(offer, lock))) {
    const [holder] = await liveClaims(lock);
    if (holder && Date.now() > deadline) {
      await rm(offer, { recursive: true });
      throw new ClusterUnavailable(
        `Process ${holder.split('-')[0]} has held ${lock} for ${patienceMs / 1000} s: end that process, then start again.`,
      );
    }
    if (holder) await sleep(20);
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}
