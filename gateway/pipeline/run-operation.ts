import { authorizeOperation } from './authorize-operation.js';
import { executePlan, type ExecutedOperation, type ExecutionParts } from './execute-plan.js';
import type { IdentifiedOperation } from './identify-operation.js';
import { planOperation } from './plan-operation.js';
import { protect } from './protect.js';

/** The phases from an operation that is known to its answer, whoever read the request. Throws as each of them does. */
export async function runOperation(identified: IdentifiedOperation, parts: ExecutionParts): Promise<ExecutedOperation> {
  const { snapshot, extensions } = parts;
  const permitted = await protect(identified, extensions);
  let increments: ExecutedOperation['increments'] = null;
  try {
    const authorized = await authorizeOperation(permitted, snapshot);
    const planned = await planOperation(authorized, snapshot, extensions);
    const executed = await executePlan(planned, parts);
    increments = executed.increments;
    return executed;
  } finally {
    const { onEnd } = extensions;
    if (onEnd) {
      if (increments) void increments.fetched.then(() => onEnd(permitted.seen));
      else onEnd(permitted.seen);
    }
  }
}
