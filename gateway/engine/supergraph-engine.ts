import type { RequestContext } from '@inevitable/contract';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';

/** One operation of a document that fitted the engine's schema when its server validated it. */
export interface EngineOperation {
  readonly document: DocumentNode;
  /** Of `source`: equal text, equal hash. */
  readonly hash: string;
  readonly source: string;
  readonly operationName: string | null;
  /** As the client sent them; they were found to fit the operation. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** A header of the client's request, by lower-case name; absent where there was no request. */
  header?(name: string): string | undefined;
  /** Takes what extensions add to the headers of the response, where there is one. */
  addHeader?(name: string, value: string): void;
}

/** Runs operations on one supergraph. What a server other than the gateway's own needs to know of it. */
export interface SupergraphEngine {
  /** The API schema: what clients may ask. */
  readonly schema: GraphQLSchema;
  /**
   * Partial data with errors where a subgraph failed; every error has `extensions.code`, and `extensions.service` where
   * a subgraph is concerned. Rejects when the engine itself failed, the caller may not run the operation, or the document
   * does not fit the schema any more (`RequestRefused`).
   */
  execute(operation: EngineOperation, context: RequestContext): Promise<ExecutionResult>;
  close(): Promise<void>;
}
