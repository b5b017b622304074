import type { Filter } from 'mongodb';
import { inParts } from '../in-parts.js';
import type { JobFilter, JobPage, JobScope } from '../job-desk.js';
import { productOf } from '../product-of.js';
import { JOB_STATES, type SeenJob } from '../seen-jobs.js';
import { readJobs } from './desk-jobs.js';
import type { JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';
import { namesInScope } from './scope.js';

/** MongoDB merges at most this many ranges of an index in order; more of them it sorts (internalQueryMaxScansToExplode). */
const MERGED_AT_MOST = 200;

/**
 * One page, newest first. Every index that is used here ends with the id, and of each field in front of it the query names
 * the values it wants, by `$in`. So MongoDB reads each combination's newest from a range of its own and merges these, until
 * the page is full: it costs the same among a thousand jobs and among a million, whatever most of them are. Where there are
 * more combinations than it merges, the page is put together from several queries.
 */
export async function readPage(
  db: MongoJobs,
  scope: JobScope,
  filter: JobFilter,
  { take, afterId }: JobPage,
): Promise<SeenJob[]> {
  const before: Filter<JobDocument> = afterId === null ? {} : { _id: { $lt: afterId } };
  const parts = await Promise.all(
    (await rangesOf(db, scope, filter)).map((range) =>
      readJobs(db, scope, { ...range, ...before }, { sort: { _id: -1 }, limit: take }),
    ),
  );
  const newest = parts.length === 1 ? parts[0]! : parts.flat().sort((one, other) => (one.id < other.id ? 1 : -1));
  return newest.slice(0, take);
}

/** What the page is read from; all of them have the same ids to offer together as the filter has. */
async function rangesOf(db: MongoJobs, scope: JobScope, filter: JobFilter): Promise<readonly Filter<JobDocument>[]> {
  const { states = JOB_STATES, product, name, schedule } = filter;
  const tenantId = scope.kind === 'tenant' ? scope.tenantId : filter.tenantId;
  if (!states.length || (filter.tenantId !== undefined && filter.tenantId !== tenantId)) return [];
  if (name !== undefined && schedule !== undefined && name !== schedule) return [];
  const only = name ?? schedule; // a schedule has the name of the job it makes
  if (only !== undefined && product !== undefined && productOf(only) !== product) return [];

  const state = { $in: [...states] };
  const tenant = tenantId === undefined ? {} : { tenant: { $eq: tenantId } };
  const made = schedule === undefined ? {} : { schedule: { $eq: schedule } };
  if (tenantId === undefined && schedule !== undefined) return [{ ...made, state }];
  if (tenantId === undefined && only === undefined && product === undefined) return [{ state }];
  const names =
    only === undefined
      ? (await namesInScope(db, scope, tenantId)).filter((each) => product === undefined || productOf(each) === product)
      : [only];
  return inParts(names, Math.floor(MERGED_AT_MOST / states.length)).map((part) => ({
    ...tenant,
    ...made,
    name: { $in: [...part] },
    state,
  }));
}
