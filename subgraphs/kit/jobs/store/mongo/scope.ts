import type { Filter } from 'mongodb';
import type { JobScope } from '../job-desk.js';
import { holds } from '../holds.js';
import { JOB_STATES } from '../seen-jobs.js';
import type { DefinitionDocument, JobDocument } from './job-documents.js';
import type { MongoJobs } from './mongo-jobs-database.js';

// MongoDB has nothing like row-level security: what a scope sees is decided here and nowhere else. The desk and steering ask
// for jobs by `within`. What steering writes, it writes to a job that it has read so, because a job's tenant and name never
// change; and what that job waits for it looks up among the jobs of the same tenant.

/** What the scope sees: its tenant's jobs of its products, or all; never one that is still arriving. */
function inScope(scope: JobScope): Filter<JobDocument> {
  // By name, and not "anything but arriving": so that states are equalities in an index.
  const arrived: Filter<JobDocument> = { state: { $in: [...JOB_STATES] } };
  if (scope.kind === 'all') return arrived;
  // '' stands for no tenant, as in `holds`.
  const products = scope.tenantId === '' ? [] : scope.products;
  // `$eq` and `$in` compare with a value, whatever it is, and never take it for an operator.
  return { ...arrived, tenant: { $eq: scope.tenantId }, product: { $in: [...products] } };
}

/** What the filter takes of what the scope sees: nothing that the filter says can widen that. */
export function within(scope: JobScope, filter: Filter<JobDocument>): Filter<JobDocument> {
  // An id stays in front: some servers look a document up by its id only if they find that at the top.
  return { ...filter, $and: [...(filter.$and ?? []), inScope(scope)] };
}

/**
 * Names in the scope that have jobs, ended ones included: of one tenant, or of all where none is named. Not by `within`:
 * without any other condition a server goes from one name to the next in an index, however many jobs each of them has.
 */
export async function namesInScope(db: MongoJobs, scope: JobScope, tenantId?: string): Promise<readonly string[]> {
  const tenant = scope.kind === 'tenant' ? scope.tenantId : tenantId;
  const names = await db.jobs.distinct('name', tenant === undefined ? {} : { tenant: { $eq: tenant } });
  return names.filter((name) => holds(scope, { tenantId: tenant ?? null, name }));
}

/** Definitions of the products in the scope. */
export const definitionsInScope = (scope: JobScope): Filter<DefinitionDocument> =>
  scope.kind === 'all' ? {} : { product: { $in: [...scope.products] } };
