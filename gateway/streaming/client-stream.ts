import type { ExecutionResult } from 'graphql';

/**
 * One payload of a streamed answer: an event of a subscription, or an increment of a deferred answer. Subscribers who
 * get the same share one, so that it is written once, and read again (for a transport that wants objects) once.
 */
export class StreamPayload {
  /** JSON: an execution result (GraphQL specification, 7.1), or an increment of one. */
  readonly text: string;
  /** Of an event, where its subgraph named one; see `EventExtensions`. */
  readonly eventId: string | null;
  #result: ExecutionResult | null = null;

  constructor(text: string, eventId: string | null = null) {
    this.text = text;
    this.eventId = eventId;
  }

  /** Shared: not to be written to. */
  get result(): ExecutionResult {
    return (this.#result ??= JSON.parse(this.text) as ExecutionResult);
  }
}

/**
 * What a transport pulls as fast as its client reads: it asks for the next payload when the last one was written. Ends by
 * itself; `return()` ends it early, when the client leaves. Never throws: what went wrong is the last payload.
 */
export type ClientStream = AsyncIterableIterator<StreamPayload>;
