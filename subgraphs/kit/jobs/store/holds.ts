import type { JobChange, JobScope } from './job-desk.js';
import { productOf } from './product-of.js';

/** Whether a job of that name and tenant (null: of none) is, or would be, in the scope. */
export const holds = (scope: JobScope, { tenantId, name }: Pick<JobChange, 'tenantId' | 'name'>): boolean =>
  scope.kind === 'all' ||
  // Some storages write '' for no tenant: whoever has that as a tenant has no scope at all.
  (scope.tenantId !== '' && tenantId === scope.tenantId && scope.products.includes(productOf(name)));
