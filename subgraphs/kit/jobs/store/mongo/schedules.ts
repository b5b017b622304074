import type { JobRecord } from '@inevitable/contract';
import type { DeclaredDefinition, DueSchedule, ScheduleFiring } from '../job-store.js';
import { insertJobs } from './insert-jobs.js';
import type { ScheduleDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { insertMissing } from './once-keys.js';
import { wakeWorkers } from './telling.js';

// A schedule is moved on, and says in the same write which due times are to be run. Then their jobs are inserted, and only
// then that is taken back. A job's id is made of its schedule and due time, so whoever finishes what somebody else began
// makes none twice.

/** Inserts what is not there yet; answers the new ids. */
type Insert = (records: readonly JobRecord[]) => Promise<readonly string[]>;
type Firing = NonNullable<ScheduleDocument['firing']>;
type FiringSchedule = ScheduleDocument & { readonly firing: Firing };

/** Who has not inserted a schedule's jobs within this is lost, and whoever looks goes on with it. Milliseconds. */
const FIRES_WITHIN_MS = 5_000;
/** Each turn that is lost, another worker has fired meanwhile. */
const TURNS = 50;

/** The definitions as this worker's code has them, and their schedules. One whose times changed is computed anew. */
export async function declareDefinitions(db: MongoJobs, definitions: readonly DeclaredDefinition[]): Promise<void> {
  if (!definitions.length) return;
  const now = await db.now();
  await db.definitions.bulkWrite(
    definitions.map(({ name, product, declared }) => ({
      updateOne: {
        filter: { _id: name },
        update: { $set: { product, declared: JSON.stringify(declared), declaredAt: now } },
        upsert: true,
      },
    })),
    { ordered: false },
  );
  const unscheduled = definitions.filter(({ cron }) => cron === null).map(({ name }) => name);
  if (unscheduled.length) await removeSchedules(db, unscheduled);
  const scheduled = definitions.flatMap(({ name, cron, timezone }) =>
    cron === null ? [] : [{ _id: name, cron, timezone: timezone! }],
  );
  if (!scheduled.length) return;
  const there = await insertMissing(
    db.schedules,
    scheduled.map((schedule): ScheduleDocument => ({
      ...schedule,
      nextDue: null,
      lastDue: null,
      missed: 0,
      pausedAt: null,
      firing: null,
    })),
  );
  if (!there.length) return;
  await db.schedules.bulkWrite(
    there.map((index) => {
      const { _id, cron, timezone } = scheduled[index]!;
      const isOther = { $or: [{ cron: { $ne: cron } }, { timezone: { $ne: timezone } }] };
      return { updateOne: { filter: { _id, ...isOther }, update: { $set: { cron, timezone, nextDue: null } } } };
    }),
    { ordered: false },
  );
}

/** Of definitions that have none any more. What came due before is run. */
async function removeSchedules(db: MongoJobs, names: readonly string[]): Promise<void> {
  const removed = await db.schedules.find({ _id: { $in: [...names] } }).toArray();
  for (const { _id } of removed) {
    for (let turn = 0; turn < TURNS; turn += 1) {
      if ((await db.schedules.deleteOne({ _id, firing: null })).deletedCount) break;
      const schedule = await db.schedules.findOne({ _id });
      if (!schedule) break;
      if (isFiring(schedule)) await finishFiring(db, schedule, (records) => insertJobs(db, records));
    }
    await db.firings.deleteMany({ schedule: _id });
  }
}

/** False: another worker was first, or the schedule is paused. */
export async function fireSchedule(
  db: MongoJobs,
  { schedule: _id, cron, timezone, expected, next, missed, runs }: ScheduleFiring,
  insert: Insert,
): Promise<boolean> {
  const asTold = { _id, cron, timezone, nextDue: expected, pausedAt: null };
  const dues = runs.toSorted((one, other) => one.due.getTime() - other.due.getTime());
  for (let turn = 0; turn < TURNS; turn += 1) {
    const firing = dues.length
      ? { at: await db.now(), runs: dues.map(({ due, job }) => ({ due, job: JSON.stringify(job) })) }
      : null;
    const moved = await db.schedules.findOneAndUpdate(
      { ...asTold, firing: null },
      {
        $set: { nextDue: next, firing, ...(dues.length ? { lastDue: dues.at(-1)!.due } : {}) },
        $inc: { missed },
      },
      { returnDocument: 'after' },
    );
    if (moved) {
      if (isFiring(moved)) await finishFiring(db, moved, insert);
      return true;
    }
    // What somebody else has not finished comes first.
    const held = await db.schedules.findOne(asTold);
    if (!held) return false;
    if (isFiring(held)) await finishFiring(db, held, insert);
  }
  throw new Error(`The schedule ${_id} was fired by others ${TURNS} times while it was to be.`);
}

/** Goes on with what was moved on, and whose jobs nobody has inserted since. */
export async function finishFirings(db: MongoJobs, now: Date, insert: Insert): Promise<void> {
  const lost = { $lte: new Date(now.getTime() - FIRES_WITHIN_MS) };
  const left = await db.schedules.find({ 'firing.at': lost }).toArray();
  for (const schedule of left.filter(isFiring)) {
    // Of those who find it, one goes on.
    const taken = await db.schedules.findOneAndUpdate(
      { _id: schedule._id, ...sameFiring(schedule) },
      { $set: { 'firing.at': now } },
      { returnDocument: 'after' },
    );
    if (taken && isFiring(taken)) await finishFiring(db, taken, insert);
  }
}

const isFiring = (schedule: ScheduleDocument): schedule is FiringSchedule => schedule.firing !== null;

/** No two firings of a schedule have the same last due time. */
const sameFiring = ({ firing, lastDue }: FiringSchedule) => ({ 'firing.at': firing.at, lastDue });

/** Inserts what is not there yet, oldest first, and takes back that there is something to do. */
async function finishFiring(db: MongoJobs, schedule: FiringSchedule, insert: Insert): Promise<void> {
  for (const { due, job } of schedule.firing.runs)
    await runDue(db, schedule._id, due, JSON.parse(job) as JobRecord, insert);
  await db.schedules.updateOne({ _id: schedule._id, ...sameFiring(schedule) }, { $set: { firing: null } });
}

async function runDue(db: MongoJobs, schedule: string, due: Date, job: JobRecord, insert: Insert): Promise<void> {
  const _id = firingId(schedule, due);
  const [isThere] = await insertMissing(db.firings, [{ _id, schedule, due, firedAt: await db.now(), job: job.id }]);
  // Run by another job, or skipped, which is decided once: what was open then may have ended since.
  if (isThere !== undefined && (await db.firings.findOne({ _id }))?.job !== job.id) return;
  await insert([job]);
  // Not what `insert` answers: another one may have inserted it, or seen its key taken and said so.
  const isInserted = (await db.jobs.findOne({ _id: job.id }, { projection: { _id: 1 } })) !== null;
  await db.firings.updateOne({ _id }, { $set: { job: isInserted ? job.id : null } });
}

export const firingId = (schedule: string, due: Date): string => JSON.stringify([schedule, due]);

/** Schedules that have come due, and how many milliseconds until the next one does; null: none will. */
export async function dueSchedules(
  db: MongoJobs,
  now: Date,
): Promise<{ readonly due: readonly DueSchedule[]; readonly nextWakeMs: number | null }> {
  const all = await db.schedules
    .find({}, { projection: { cron: 1, timezone: 1, nextDue: 1, pausedAt: 1, 'firing.at': 1 } })
    .toArray();
  const live = all.filter(({ pausedAt }) => pausedAt === null);
  const isDue = ({ nextDue }: ScheduleDocument): boolean => nextDue === null || nextDue <= now;
  const waits = [
    ...live.filter((schedule) => !isDue(schedule)).map(({ nextDue }) => nextDue!.getTime() - now.getTime()),
    // What somebody inserts just now, or has died of.
    ...all.flatMap(({ firing }) => (firing ? [firing.at.getTime() + FIRES_WITHIN_MS - now.getTime()] : [])),
  ];
  return {
    due: live.filter(isDue).map(({ _id, nextDue, cron, timezone }) => ({ name: _id, nextDue, cron, timezone })),
    nextWakeMs: waits.length ? Math.min(...waits) : null,
  };
}

/** False: there is no such schedule. What comes due while it is paused is not caught up with. */
export async function pauseSchedule(db: MongoJobs, name: string): Promise<boolean> {
  const pause = { $set: { pausedAt: await db.now(), nextDue: null } };
  const { matchedCount } = await db.schedules.updateOne({ _id: name, pausedAt: null }, pause);
  return matchedCount > 0 || (await db.schedules.findOne({ _id: name })) !== null;
}

/** False: there is no such schedule. */
export async function resumeSchedule(db: MongoJobs, name: string): Promise<boolean> {
  const { matchedCount } = await db.schedules.updateOne({ _id: name }, { $set: { pausedAt: null } });
  if (!matchedCount) return false;
  await wakeWorkers(db, [name]);
  return true;
}

/** Of due times before that. */
export async function purgeFirings(db: MongoJobs, before: Date): Promise<void> {
  // By schedule, as the index has them.
  const schedules = await db.firings.distinct('schedule');
  if (schedules.length) await db.firings.deleteMany({ schedule: { $in: schedules }, due: { $lt: before } });
}
