import type { DocumentNode, ExecutionResult } from 'graphql';
import type { PartHealth } from '../health.js';
import type { RequestContext } from '../request-context.js';

export interface SubgraphRequest {
  readonly query: string;
  /** The parsed form, where the caller has it already. */
  readonly document?: DocumentNode;
  readonly operationName?: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** Of a subscription: the id of the last event its client has seen (`EventExtensions.eventId`). */
  readonly lastEventId?: string;
}

/** What a subscription's event says of itself in its `extensions`. Subgraphs that are not ours may say nothing. */
export interface EventExtensions {
  /** The same for whoever gets the event; with it a client that was away goes on where it was. */
  readonly eventId?: string;
  /** Events were lost before this one: more of them than were kept passed while the client was away, or it read too slowly. */
  readonly eventsMissed?: true;
}

/** A subgraph as the gateway sees it, in this process or behind HTTP. Which one is deployment, never code. */
export interface SubgraphHandle {
  readonly name: string;
  /** The result belongs to the subgraph: it is never written to. Throws `SubgraphUnreachable`. */
  execute(request: SubgraphRequest, context: RequestContext): Promise<ExecutionResult>;
  /** The product's HTTP routes. */
  fetch(request: Request, context: RequestContext): Promise<Response>;
  /**
   * Starts a subscription; absent where the subgraph has none. Resolves once it was accepted, with its events in order.
   * Each belongs to the subgraph and may go to others too: it is never written to. Rejects with `SubgraphUnreachable`, or
   * with a `CallerError` where the subgraph refused. The events end when the subgraph ends them, throw
   * `SubgraphUnreachable` when the way to it broke, and are ended by `return()`. They outlast `context.deadline`.
   */
  subscribe?(request: SubgraphRequest, context: RequestContext): Promise<AsyncIterableIterator<ExecutionResult>>;
  health(): Promise<PartHealth>;
}
