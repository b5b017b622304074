import type { StackEvent } from '@inevitable/contract';

/** What a listener that was away can still be given: events go when either bound is reached. */
export const KEPT_EVENTS = 10_000;
export const KEPT_FOR_MS = 5 * 60_000;

interface Kept {
  readonly event: StackEvent;
  readonly since: number;
  next: Kept | null;
}

/** The latest events in the order they came. `now` in milliseconds, never going back. */
export class KeptEvents {
  readonly #byId = new Map<string, Kept>();
  readonly #now: () => number;
  #oldest: Kept | null = null;
  #newest: Kept | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** False where this very event is here already: a relay that was cut off sends a record twice. */
  add(event: StackEvent): boolean {
    this.#forget();
    if (this.#byId.has(event.id)) return false;
    const kept: Kept = { event, since: this.#now(), next: null };
    if (this.#newest) this.#newest.next = kept;
    else this.#oldest = kept;
    this.#newest = kept;
    this.#byId.set(event.id, kept);
    if (this.#byId.size > KEPT_EVENTS) this.#dropOldest();
    return true;
  }

  /** The events that came after the one of this id, also those that come while they are read; null: it is not known. */
  after(id: string): Iterable<StackEvent> | null {
    this.#forget();
    const seen = this.#byId.get(id);
    return seen ? following(seen) : null;
  }

  #forget(): void {
    const before = this.#now() - KEPT_FOR_MS;
    while (this.#oldest && this.#oldest.since < before) this.#dropOldest();
  }

  #dropOldest(): void {
    const { event, next } = this.#oldest!;
    this.#byId.delete(event.id);
    this.#oldest = next;
    if (!next) this.#newest = null;
  }
}

function* following({ next }: Kept): Generator<StackEvent> {
  for (let kept = next; kept; kept = kept.next) yield kept.event;
}
