import type { EventDefinition, EventName } from './define-event.js';

/** An event as a subscription's resolvers get it: of the caller's tenant, its payload parsed by the definition. */
export class HeardEvent<Name extends EventName = EventName, Payload = unknown> {
  readonly kind = 'event';
  constructor(
    /** The same for everyone who hears it. */
    readonly id: string,
    readonly name: Name,
    readonly aggregate: string,
    readonly payload: Payload,
    readonly occurredAt: Date,
  ) {}
}

/** Stands where events were lost: after an absence longer than events are kept, or behind a reader too slow. */
export class EventsMissed {
  readonly kind = 'missed';
}

/** The event that a definition describes; of several, any one of them, told apart by `name`. */
export type EventOf<Definition extends EventDefinition> =
  Definition extends EventDefinition<infer Name, infer Payload> ? HeardEvent<Name, Payload> : never;
