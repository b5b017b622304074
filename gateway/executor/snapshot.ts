import type { SupergraphVersion } from '@inevitable/contract';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { SupergraphEngine } from './supergraph-engine.js';

const CACHED_DOCUMENTS = 2_000;
const CACHED_SOURCE_CHARACTERS = 8_000_000;

/** A document that was parsed, and found to fit the snapshot's schema. */
export interface ValidDocument {
  readonly document: DocumentNode;
  readonly hash: string;
}

/** One supergraph and all that was derived from it. Immutable: a request that began on it ends on it. */
export interface Snapshot {
  readonly id: string;
  readonly engine: SupergraphEngine;
  readonly schema: GraphQLSchema;
  /** By source text. Only valid documents are kept. */
  readonly documents: LRUCache<string, ValidDocument>;
}

export const createSnapshot = ({ id }: SupergraphVersion, engine: SupergraphEngine): Snapshot =>
  Object.freeze({
    id,
    engine,
    schema: engine.schema,
    documents: new LRUCache<string, ValidDocument>({
      max: CACHED_DOCUMENTS,
      maxSize: CACHED_SOURCE_CHARACTERS,
      sizeCalculation: (_document, source) => Math.max(1, source.length),
    }),
  });
