/** A typed, versioned fact: `<product>.<aggregate>.<what happened>.v<n>`, for example `starter.note.changed.v1`. */
export interface StackEvent {
  /** The outbox record's id; a consumer that sees it twice drops the second. */
  readonly id: string;
  readonly name: string;
  readonly tenantId: string | null;
  /** Events of one aggregate arrive in order. */
  readonly aggregate: string;
  readonly payload: unknown;
  readonly occurredAt: string;
  readonly correlationId: string;
  /** W3C `traceparent` of the span that published it; absent or null: none was recorded. */
  readonly trace?: string | null | undefined;
}

export interface ListenOptions {
  /** The id of the event that was heard last: those after it are heard first, as far as the bus still has them. */
  readonly after?: string;
  /** Called before any event where the bus does not know `after` any more, so that some may be missing. */
  readonly onGap?: () => void;
}

export interface EventBus {
  publish(event: StackEvent): Promise<void>;
  /** `name` or a prefix ending in `.`; answers a function that ends the subscription. */
  subscribe(name: string, listener: (event: StackEvent) => void, options?: ListenOptions): () => void;
}
