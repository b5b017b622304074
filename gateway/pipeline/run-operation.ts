import { authorizeOperation } from './authorize-operation.js';
import { executePlan, type ExecutedOperation, type ExecutionParts } from './execute-plan.js';
import type { IdentifiedOperation } from './identify-operation.js';
import { planOperation } from './plan-operation.js';
import { protect } from './protect.js';

/** The phases from an operation that is known to its answer, whoever read the request. Throws as each of them does. */
export async function runOperation(identified: IdentifiedOperation, parts: ExecutionParts): Promise<ExecutedOperation> {
  const permitted = await protect(identified, parts.extensions);
  const authorized = await authorizeOperation(permitted, parts.snapshot);
  const planned = await planOperation(authorized, parts.snapshot, parts.extensions);
  return executePlan(planned, parts);
}
