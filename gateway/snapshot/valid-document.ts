import type { DocumentNode } from 'graphql';
import type { OperationRequirements } from '../authorization/operation-requirements.js';
import type { EstimateCost, EstimatedOperation } from '../limits/estimate-cost.js';

/** A document that was parsed, and found to fit the snapshot's schema. */
export interface ValidDocument {
  readonly document: DocumentNode;
  readonly source: string;
  /** SHA-256 of the source, hexadecimal. */
  readonly hash: string;
  /** By name; one without a name under the empty string. Filled as they are asked for. */
  readonly operations: Map<string, DocumentOperation>;
}

/** What can be said of one operation of a document whoever sends it: found once. */
export interface DocumentOperation extends EstimatedOperation {
  /** Its document has something with `@defer`. */
  readonly defers: boolean;
  /** Null: nothing in it is protected. */
  readonly requirements: OperationRequirements | null;
  readonly estimateCost: EstimateCost;
}
