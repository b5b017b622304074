import type { RequestContext } from '@inevitable/contract';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';

/** One operation of a document that fits the engine's schema. */
export interface EngineOperation {
  readonly document: DocumentNode;
  /** Of `source`: equal text, equal hash. */
  readonly hash: string;
  readonly source: string;
  readonly operationName: string | null;
  /** As the client sent them; they were found to fit the operation. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Runs operations on one supergraph. Everything outside `executor/` knows only this. */
export interface SupergraphEngine {
  /** The API schema: what clients may ask. */
  readonly schema: GraphQLSchema;
  /**
   * Partial data with errors where a subgraph failed; every error has `extensions.code`, and `extensions.service` where
   * a subgraph is concerned. Rejects only when the engine itself failed.
   */
  execute(operation: EngineOperation, context: RequestContext): Promise<ExecutionResult>;
  close(): Promise<void>;
}
