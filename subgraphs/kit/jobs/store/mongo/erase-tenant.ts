import type { TenantId } from '@inevitable/contract';
import type { ErasedJobs } from '../job-store.js';
import { productOf } from '../product-of.js';
import { ENDED_STATES } from '../seen-jobs.js';
import { forgetGrants } from './claim-jobs.js';
import type { JobDocument } from './job-documents.js';
import { jobsThere } from './jobs-there.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { forgetOnceKeys } from './once-keys.js';
import { turnId } from './pick-jobs.js';
import { settleJobs } from './settle-jobs.js';

const NOT_RUNNING = ['arriving', 'blocked', 'scheduled', 'ready', ...ENDED_STATES] as const;

type ErasedJob = Pick<JobDocument, '_id' | 'name' | 'tenant' | 'onceKey' | 'returns' | 'state'>;

/**
 * Jobs of one tenant and product, in any state but `running`, at most `most`. Then, when no more are left, what else names
 * the tenant: keys of jobs that are gone, turns, and the last claim. Whoever is lost in between has left that to the next
 * call; what waited for a job that is gone, and was not told, finds that out when it is looked at again. A turn that
 * somebody writes at this very moment goes with the purge of the next day, and what watchers were told as that collection
 * fills.
 */
export async function eraseTenant(db: MongoJobs, product: string, tenant: TenantId, most: number): Promise<ErasedJobs> {
  await db.now(); // throws in a store that jobs leave, or have left: it does not know what it has of a tenant
  const names = await namesOfTenant(db, product, tenant);
  let removed = 0;
  while (removed < most) {
    const picked = await db.jobs
      .find(
        { tenant, name: { $in: names }, state: { $in: [...NOT_RUNNING] } },
        { projection: { name: 1, tenant: 1, onceKey: 1, returns: 1, state: 1 } },
      )
      .limit(most - removed)
      .toArray();
    if (!picked.length) break;
    const erased = await erase(db, picked);
    await settleJobs(db, erased);
    removed += erased.length;
  }
  if (removed < most) {
    await forgetGrants(db, tenant, names);
    await forgetOnceKeys(db, tenant, names);
    await db.turns.deleteMany({ _id: { $in: names.map((name) => turnId(name, tenant)) } });
  }
  const running = await db.jobs.countDocuments({ tenant, name: { $in: names }, state: 'running' });
  return { removed, running };
}

export async function countTenant(db: MongoJobs, product: string, tenant: TenantId): Promise<number> {
  await db.now(); // as above
  return db.jobs.countDocuments({ tenant, name: { $in: await namesOfTenant(db, product, tenant) } });
}

/**
 * Definitions of a product that may have something of a tenant: those of its jobs, which a server reads from one name to
 * the next in an index, and those that are declared, where only a key or a turn is left.
 */
async function namesOfTenant(db: MongoJobs, product: string, tenant: TenantId): Promise<string[]> {
  const [ofJobs, declared] = await Promise.all([
    db.jobs.distinct('name', { tenant: { $eq: tenant } }),
    db.definitions.distinct('_id', { product }),
  ]);
  return [...new Set([...ofJobs, ...declared])].filter((name) => productOf(name) === product);
}

/** Answers those that are gone: one that was claimed meanwhile is left to its run. */
async function erase(db: MongoJobs, jobs: readonly ErasedJob[]): Promise<readonly ErasedJob[]> {
  const ids = jobs.map(({ _id }) => _id);
  const { deletedCount } = await db.jobs.deleteMany({ _id: { $in: ids }, state: { $ne: 'running' } });
  if (deletedCount === ids.length) return jobs;
  const left = await jobsThere(db, ids);
  return jobs.filter(({ _id }) => !left.has(_id));
}
