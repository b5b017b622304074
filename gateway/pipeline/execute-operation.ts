import type { ExecutionResult } from 'graphql';
import type { SupergraphEngine } from '../executor/supergraph-engine.js';
import type { IdentifiedOperation } from './identify-operation.js';

/** Runs the operation as its caller. Fields that failed are errors in the result, not exceptions. */
export const executeOperation = (
  { operation, context }: IdentifiedOperation,
  engine: SupergraphEngine,
): Promise<ExecutionResult> => engine.execute(operation, context);
