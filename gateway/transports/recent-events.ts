import type { ExecutionResult } from 'graphql';
import { extensionsOf } from './extensions-of.js';

/** Of one upstream: far fewer than a subscription lets wait (1,000), because whoever catches up is told them at once. */
export const RECENT_EVENTS = 256;
/** Of all upstreams of a subgraph together: ten thousand callers of whom each has 256 would fill the memory. */
export const RECENT_EVENTS_OF_ALL = 20_000;

/** A place among the events of one upstream: after one of them, or after its start. */
export interface Place {
  readonly of: RecentEvents;
  /** Null: its start. */
  readonly event: ExecutionResult | null;
  /** Null: nobody can name it. */
  readonly id: string | null;
  next: Place | null;
}

/** The events of all upstreams that `RecentEvents` remember together, oldest first. */
export type RememberedEvents = Set<Place>;

/**
 * The latest events of one upstream, for those who come back and name the last one they saw. A place is found by its id
 * as long as everything after it is remembered, and is known to be all there was. So nobody goes on across
 * - an event without id: only the subgraph knows whether it tells it again;
 * - an id that comes twice: it names two places;
 * - a gap (`eventsMissed`): the subgraph may still have for others what this upstream missed. One at the very start is no
 *   such gap: it is told to everybody who begins there.
 */
export class RecentEvents {
  readonly #all: RememberedEvents;
  readonly #byId = new Map<string, Place>();
  /** Everything after it is remembered. */
  #oldest: Place;
  #newest: Place;
  #count = 0;

  /** `after`: the id of the event that the upstream began after; null: at some moment without a name. */
  constructor(after: string | null, all: RememberedEvents) {
    this.#all = all;
    this.#oldest = this.#newest = { of: this, event: null, id: after, next: null };
    if (after !== null) this.#byId.set(after, this.#oldest);
  }

  /** After the last event so far. */
  get newest(): Place {
    return this.#newest;
  }

  after(id: string): Place | null {
    return this.#byId.get(id) ?? null;
  }

  add(event: ExecutionResult): void {
    const { eventId, eventsMissed = false } = extensionsOf(event);
    const id = eventId === undefined || this.#byId.has(eventId) ? null : eventId;
    const isGapAtStart = eventsMissed && this.#newest.event === null;
    const place: Place = { of: this, event, id, next: null };
    this.#newest = this.#newest.next = place;
    if (id !== null) this.#byId.set(id, place);
    this.#all.add(place);
    this.#count++;
    if (!isGapAtStart && (eventsMissed || id === null)) return this.forget();
    if (this.#count > RECENT_EVENTS) this.#forgetOldest();
    if (this.#all.size > RECENT_EVENTS_OF_ALL) this.#all.values().next().value!.of.#forgetOldest();
  }

  /** All of them. Who has a place already still finds what follows it. */
  forget(): void {
    while (this.#count > 0) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const { id, next } = this.#oldest;
    if (id !== null) this.#byId.delete(id);
    this.#oldest = next!;
    this.#all.delete(next!);
    this.#count--;
  }
}
