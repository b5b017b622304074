import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { OperationRequirements } from '../authorization/operation-requirements.js';
import type { ConditionVariables } from '../executor/client-operation.js';

const CACHED_DOCUMENTS = 2_000;
const CACHED_SOURCE_CHARACTERS = 8_000_000;

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
export interface DocumentOperation {
  readonly definition: OperationDefinitionNode;
  readonly name: string | null;
  readonly conditions: ConditionVariables;
  /** Its document has something with `@defer`. */
  readonly defers: boolean;
  /** Null: nothing in it is protected. */
  readonly requirements: OperationRequirements | null;
}

/** By source text or its hash. Bounded by the sources' length too: one may have a megabyte. */
export const documentCache = (): LRUCache<string, ValidDocument> =>
  new LRUCache<string, ValidDocument>({
    max: CACHED_DOCUMENTS,
    maxSize: CACHED_SOURCE_CHARACTERS,
    sizeCalculation: ({ source }) => Math.max(1, source.length),
  });
