import type { StackEvent } from '@inevitable/contract';

export interface Bounds {
  readonly events: number;
  /** Of the events' text. */
  readonly bytes: number;
  /** Milliseconds; no bound where it is absent. */
  readonly forMs?: number;
}

interface Kept {
  readonly event: StackEvent;
  readonly bytes: number;
  readonly since: number;
}

/**
 * The latest events, in order, each once. An event's position is how many were added before it, so positions stay the
 * same while the oldest are let go.
 */
export class KeptEvents {
  readonly #bounds: Bounds;
  readonly #now: () => number;
  readonly #positions = new Map<string, number>();
  /** Those before `#head` have been let go; they leave the array together, so that none is moved for each event. */
  readonly #kept: (Kept | undefined)[] = [];
  #head = 0;
  /** The position of `#kept[0]`. */
  #base = 0;
  #bytes = 0;
  #unbrokenFrom = 0;

  /** `now` in milliseconds, never going back. */
  constructor(bounds: Bounds, now: () => number = Date.now) {
    this.#bounds = bounds;
    this.#now = now;
  }

  /** The position the next event will have. */
  get end(): number {
    return this.#base + this.#kept.length;
  }

  /** Answers the event's position, or null where its id is known already: then it is not added again. */
  add(event: StackEvent, bytes: number): number | null {
    this.#letGoOfTheOld();
    if (this.#positions.has(event.id)) return null;
    const position = this.end;
    this.#positions.set(event.id, position);
    this.#kept.push({ event, bytes, since: this.#now() });
    this.#bytes += bytes;
    while (this.#positions.size > this.#bounds.events || this.#bytes > this.#bounds.bytes) this.#letGo();
    return position;
  }

  /** Something was missed here: nobody who heard only what came before can be led on without a gap. */
  breakHere(): void {
    this.#unbrokenFrom = this.end;
  }

  /** Of an event after which nothing is missing; undefined where it is unknown, or something was missed since. */
  positionOf(id: string): number | undefined {
    this.#letGoOfTheOld();
    const position = this.#positions.get(id);
    return position === undefined || position < this.#unbrokenFrom ? undefined : position;
  }

  /** Those at `position` and later, as far as they are still kept, and those that are added meanwhile. */
  *from(position: number): Iterable<StackEvent> {
    for (let next = position; next < this.end; next += 1) {
      next = Math.max(next, this.#base + this.#head);
      const kept = this.#kept[next - this.#base];
      if (kept) yield kept.event;
    }
  }

  #letGoOfTheOld(): void {
    const { forMs } = this.#bounds;
    if (forMs === undefined) return;
    const before = this.#now() - forMs;
    while (this.#positions.size > 0 && this.#kept[this.#head]!.since < before) this.#letGo();
  }

  #letGo(): void {
    const { event, bytes } = this.#kept[this.#head]!;
    this.#positions.delete(event.id);
    this.#bytes -= bytes;
    this.#kept[this.#head] = undefined;
    this.#head += 1;
    if (this.#head * 2 < this.#kept.length) return;
    this.#kept.splice(0, this.#head);
    this.#base += this.#head;
    this.#head = 0;
  }
}
