import { inParts } from '../in-parts.js';
import type { WantedJobs } from '../job-store.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';

/** How many tenants are looked at in one claim. */
const TENANTS_AT_ONCE = 256;
/** MongoDB merges up to 200 sorted parts of an index; more it would sort anew. */
const TENANTS_IN_ONE_QUERY = 100;
/** Up to so many ready and running jobs of a definition are read at once: that is cheaper than to ask about each tenant. */
const FEW = 500;

export type PickedJob = Pick<JobDocument, '_id' | 'name' | 'tenant' | 'priority' | 'runAt'>;

/**
 * Ready jobs of a definition, at most as many as the worker has room for. A tenant's jobs are ranked behind those it has
 * running, then by priority and age. Across tenants the rank counts first, then whose turn is longest ago: no tenant waits
 * for all of another's jobs, nor for those of two who flood.
 */
export async function pickJobs(db: MongoJobs, want: WantedJobs, worker: string): Promise<readonly PickedJob[]> {
  const { name, perTenant, perProduct, share } = want;
  if (want.room <= 0) return [];
  const all = await allIfFew(db, name);
  const [tenants, running, here] = all
    ? [
        [...all.ready.keys()],
        countPerTenant(all.running),
        countPerTenant(all.running.filter((job) => job.worker === worker)),
      ]
    : await Promise.all([
        tenantsWithReady(db, name, want.afterTenant),
        perTenantRunning(db, { name }),
        share === null ? null : perTenantRunning(db, { name, worker }),
      ]);
  const room = Math.min(want.room, (perProduct ?? Infinity) - sum(running.values()));
  if (!tenants.length || room <= 0) return [];

  const served = await lastServed(db, name, tenants);
  const queues = tenants
    .map((tenant) => ({
      tenant,
      running: running.get(tenant) ?? 0,
      served: served.get(tenant) ?? 0,
      most: Math.min(
        room,
        (perTenant ?? Infinity) - (running.get(tenant) ?? 0),
        tenant === '' ? Infinity : (share ?? Infinity) - (here?.get(tenant) ?? 0),
      ),
    }))
    .filter(({ most }) => most > 0)
    .sort(byTurn);
  // Each has a job at least, so who comes after the first `room` of them has none among the first `room` jobs.
  const last = queues[Math.min(room, queues.length) - 1];
  if (!last) return [];
  if (all) return ranked(firstOfAll(all, queues), room);
  const before = queues.filter((queue) => byTurn(queue, last) < 0);
  const level = queues.filter((queue) => byTurn(queue, last) === 0);
  // Where not all of those get one, none gets two.
  const isShort = before.length + level.length > room;
  const [ofBefore, ofLevel] = await Promise.all([
    Promise.all((isShort ? before : queues.slice(0, room)).map((queue) => firstOfTenant(db, name, queue))),
    isShort ? firstOfEach(db, name, level, room - before.length) : [],
  ]);
  return ranked([...ofBefore.flat(), ...ofLevel], room);
}

const ranked = (jobs: readonly RankedJob[], room: number): readonly PickedJob[] =>
  jobs
    .toSorted((one, other) => byTurn(one, other) || byPriority(one.job, other.job))
    .slice(0, room)
    .map(({ job }) => job);

interface AllJobs {
  /** By tenant. */
  readonly ready: ReadonlyMap<string, readonly PickedJob[]>;
  readonly running: readonly Pick<JobDocument, 'tenant' | 'worker'>[];
}

/** What is ready and running of a definition; null where that is much. */
async function allIfFew(db: MongoJobs, name: string): Promise<AllJobs | null> {
  const jobs = await db.jobs
    .find({ state: { $in: ['ready', 'running'] }, name }, { projection: { ...PICKED.projection, state: 1, worker: 1 } })
    .limit(FEW)
    .toArray();
  if (jobs.length === FEW) return null;
  const ready = new Map<string, PickedJob[]>();
  for (const job of jobs) {
    if (job.state !== 'ready') continue;
    const ofTenant = ready.get(job.tenant);
    if (ofTenant) ofTenant.push(job);
    else ready.set(job.tenant, [job]);
  }
  return { ready, running: jobs.filter(({ state }) => state === 'running') };
}

const firstOfAll = ({ ready }: AllJobs, queues: readonly Queue[]): readonly RankedJob[] =>
  queues.flatMap(({ tenant, running, served, most }) =>
    ready
      .get(tenant)!
      .toSorted(byPriority)
      .slice(0, most)
      .map((job, index) => ({ job, running: running + index, served })),
  );

function countPerTenant(jobs: readonly Pick<JobDocument, 'tenant'>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { tenant } of jobs) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  return counts;
}

interface Turn {
  readonly running: number;
  readonly served: number;
}

/** A tenant with something ready, and how many of its jobs may be taken at most. */
interface Queue extends Turn {
  readonly tenant: string;
  readonly most: number;
}

/** `running`: before it, of its tenant. */
interface RankedJob extends Turn {
  readonly job: PickedJob;
}

const byTurn = (one: Turn, other: Turn): number => one.running - other.running || one.served - other.served;

const PICKED = { projection: { name: 1, tenant: 1, priority: 1, runAt: 1 } } as const;
const BY_PRIORITY = { priority: -1, runAt: 1, _id: 1 } as const;

async function firstOfTenant(
  db: MongoJobs,
  name: string,
  { tenant, running, served, most }: Queue,
): Promise<readonly RankedJob[]> {
  const jobs = await db.jobs.find({ state: 'ready', name, tenant }, PICKED).sort(BY_PRIORITY).limit(most).toArray();
  return jobs.map((job, index) => ({ job, running: running + index, served }));
}

/** The first job of each of several tenants whose turn is the same, of those `most` whose first one comes first. */
async function firstOfEach(
  db: MongoJobs,
  name: string,
  queues: readonly Queue[],
  most: number,
): Promise<readonly RankedJob[]> {
  const found: RankedJob[] = [];
  const left = new Map(queues.map((queue) => [queue.tenant, queue]));
  while (left.size && found.length < most) {
    const wanted = most - found.length;
    const parts = await Promise.all(
      inParts([...left.keys()], TENANTS_IN_ONE_QUERY).map((tenants) =>
        db.jobs
          .find({ state: 'ready', name, tenant: { $in: [...tenants] } }, PICKED)
          .sort(BY_PRIORITY)
          .limit(wanted)
          .toArray(),
      ),
    );
    const jobs = parts.flat().sort(byPriority).slice(0, wanted);
    if (!jobs.length) break; // others have taken them meanwhile
    // In this order, a tenant's first one here is its first of all; who is not here comes later than all of these.
    for (const job of jobs) {
      const queue = left.get(job.tenant);
      if (queue && found.length < most) found.push({ job, running: queue.running, served: queue.served });
      left.delete(job.tenant);
    }
  }
  return found;
}

/** Higher priority first, then older. */
export const byPriority = (
  one: Pick<JobDocument, '_id' | 'priority' | 'runAt'>,
  other: Pick<JobDocument, '_id' | 'priority' | 'runAt'>,
): number =>
  other.priority - one.priority || one.runAt.getTime() - other.runAt.getTime() || (one._id < other._id ? -1 : 1);

/** Those after one of them first, then round from the beginning. */
async function tenantsWithReady(db: MongoJobs, name: string, after: string | null): Promise<readonly string[]> {
  const all = (await db.jobs.distinct('tenant', { state: 'ready', name })).sort();
  const from = after === null ? 0 : all.findIndex((tenant) => tenant > after);
  const turned = from <= 0 ? all : [...all.slice(from), ...all.slice(0, from)];
  return turned.slice(0, TENANTS_AT_ONCE);
}

async function perTenantRunning(
  db: MongoJobs,
  which: { readonly name: string; readonly worker?: string },
): Promise<ReadonlyMap<string, number>> {
  const counts = await db.jobs
    .aggregate<{ _id: string; count: number }>([
      { $match: { state: 'running', ...which } },
      { $group: { _id: '$tenant', count: { $sum: 1 } } },
    ])
    .toArray();
  return new Map(counts.map(({ _id, count }) => [_id, count]));
}

async function lastServed(
  db: MongoJobs,
  name: string,
  tenants: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const turns = await db.turns.find({ _id: { $in: tenants.map((tenant) => turnId(name, tenant)) } }).toArray();
  return new Map(turns.map(({ tenant, served }) => [tenant, served]));
}

export const turnId = (name: string, tenant: string): string => JSON.stringify([name, tenant]);

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, number) => total + number, 0);
