import type { GraphQLSchema } from 'graphql';
import type { DocumentOperation, ValidDocument } from '../snapshot/valid-document.js';
import { operationCosts } from './operation-cost.js';
import type { DeclaredCosts } from './read-costs.js';

/** What an operation costs at most, before it is run: `OperationCost.total`. */
export type EstimateCost = (
  document: ValidDocument,
  operation: DocumentOperation,
  variables: Readonly<Record<string, unknown>>,
) => number;

/** `operationCosts`, for the operations of one snapshot. */
export function costEstimates(schema: GraphQLSchema, declared: DeclaredCosts): EstimateCost {
  const costs = operationCosts(schema, declared);
  return ({ document }, { name }, variables) => costs(document, name, variables).total;
}
