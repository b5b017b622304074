import type { DocumentNode, ExecutionResult } from 'graphql';
import type { PartHealth } from '../health.js';
import type { RequestContext } from '../request-context.js';

export interface SubgraphRequest {
  readonly query: string;
  /** The parsed form, where the caller has it already. */
  readonly document?: DocumentNode;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A subgraph as the gateway sees it, in this process or behind HTTP. Which one is deployment, never code. */
export interface SubgraphHandle {
  readonly name: string;
  /** The result belongs to the subgraph: it is never written to. Throws `SubgraphUnreachable`. */
  execute(request: SubgraphRequest, context: RequestContext): Promise<ExecutionResult>;
  /** The product's HTTP routes. */
  fetch(request: Request, context: RequestContext): Promise<Response>;
  health(): Promise<PartHealth>;
}
