import type { JobScope } from '../job-desk.js';
import { seenDefinition } from '../seen-definition.js';
import type { SeenDefinition } from '../seen-jobs.js';
import { readCounts } from './desk-counts.js';
import { declaredIn } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { definitionsInScope } from './scope.js';
import { liveWorkers } from './workers.js';

/** Definitions of the products in the scope, by name, with the jobs of each that the scope holds. */
export async function readDefinitions(
  db: MongoJobs,
  scope: JobScope,
  { name, product }: { readonly name?: string; readonly product?: string } = {},
): Promise<SeenDefinition[]> {
  const asked = {
    ...(name === undefined ? {} : { _id: { $eq: name } }),
    ...(product === undefined ? {} : { product: { $eq: product } }),
  };
  const found = await db.definitions.find({ $and: [asked, definitionsInScope(scope)] }, { sort: { _id: 1 } }).toArray();
  if (!found.length) return [];
  const [schedules, workers, counts] = await Promise.all([
    db.schedules.find({ _id: { $in: found.map(({ _id }) => _id) } }).toArray(),
    db.now().then((now) => liveWorkers(db, now)),
    readCounts(db, scope),
  ]);
  const scheduleOf = new Map(schedules.map((schedule) => [schedule._id, schedule]));
  return found.map((definition) => {
    const { _id, product: ofProduct } = definition;
    const schedule = scheduleOf.get(_id);
    return seenDefinition(
      {
        name: _id,
        product: ofProduct,
        declared: declaredIn(definition),
        isScheduled: schedule !== undefined,
        cron: schedule?.cron ?? '',
        timezone: schedule?.timezone ?? '',
        nextDue: schedule?.nextDue ?? null,
        lastDue: schedule?.lastDue ?? null,
        missed: schedule?.missed ?? 0,
        pausedAt: schedule?.pausedAt ?? null,
        workers: workers.filter(({ names }) => names.includes(_id)).length,
      },
      counts,
    );
  });
}
