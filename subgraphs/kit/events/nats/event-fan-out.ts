import type { EventBus, ListenOptions, StackEvent } from '@inevitable/contract';
import { isHeardUnder } from '../is-heard-under.js';
import { EventListeners, type EventListener } from './event-listeners.js';
import { KeptEvents, type Bounds } from '../kept-events.js';

export interface EventFanOutOptions {
  readonly bounds: Bounds;
  /**
   * Resolves with true when all that was published before the call has been heard here. Asked where an `after` is unknown: another
   * process may have heard of that event first. False: that will not be, because the bus is closed.
   */
  readonly caughtUp: () => Promise<boolean>;
  readonly onListenerError: (error: unknown, name: string) => void;
}

/** Waits until it is certain whether the event it heard last is known. */
interface Undecided {
  readonly after: string;
  /** Where it starts if the event is unknown. */
  readonly from: number;
}

/** Tells what one process hears to all who listen in it: each event once, in order, first those that somebody missed. */
export class EventFanOut implements Pick<EventBus, 'subscribe'> {
  readonly #kept: KeptEvents;
  readonly #caughtUp: EventFanOutOptions['caughtUp'];
  readonly #onListenerError: EventFanOutOptions['onListenerError'];
  readonly #listeners = new EventListeners();
  readonly #undecided = new Map<EventListener, Undecided>();
  #isDeciding = false;

  constructor({ bounds, caughtUp, onListenerError }: EventFanOutOptions) {
    this.#kept = new KeptEvents(bounds);
    this.#caughtUp = caughtUp;
    this.#onListenerError = onListenerError;
  }

  /** `bytes`: of its text. An event that is known already is told to nobody. */
  hear(event: StackEvent, bytes: number): void {
    const position = this.#kept.add(event, bytes);
    if (position === null) return;
    for (const listener of this.#listeners.of(event.name)) {
      if (listener.next === null || listener.next > position) continue;
      listener.next = position + 1;
      this.#tell(listener, event);
    }
  }

  /** Events were published that will not be heard here. */
  missedSome(): void {
    this.#kept.breakHere();
    for (const listener of this.#listeners.all()) if (listener.next !== null) this.#tellGap(listener);
  }

  subscribe(name: string, hear: (event: StackEvent) => void, { after, onGap }: ListenOptions = {}): () => void {
    const from = this.#kept.end;
    const listener: EventListener = { name, hear, onGap, next: after === undefined ? from : null };
    this.#listeners.add(listener);
    // Not before `subscribe` has returned: a listener may end its subscription at the first event.
    if (after !== undefined) queueMicrotask(() => this.#start(listener, { after, from }));
    return () => {
      this.#listeners.remove(listener);
      this.#undecided.delete(listener);
    };
  }

  #start(listener: EventListener, undecided: Undecided): void {
    if (!this.#listeners.has(listener) || this.#leadOn(listener, undecided.after)) return;
    this.#undecided.set(listener, undecided);
    void this.#decide();
  }

  /** Those that come while it waits are decided together, in the next round. */
  async #decide(): Promise<void> {
    if (this.#isDeciding) return;
    this.#isDeciding = true;
    while (this.#undecided.size > 0) {
      const round = [...this.#undecided];
      if (!(await this.#caughtUp())) return;
      for (const [listener, { after, from }] of round) {
        if (!this.#undecided.delete(listener) || this.#leadOn(listener, after)) continue;
        this.#tellGap(listener);
        this.#tellFrom(listener, from);
      }
    }
    this.#isDeciding = false;
  }

  /** Tells what came after an event, and then goes on; false where that is not known without a gap. */
  #leadOn(listener: EventListener, after: string): boolean {
    const position = this.#kept.positionOf(after);
    if (position === undefined) return false;
    this.#tellFrom(listener, position + 1);
    return true;
  }

  #tellFrom(listener: EventListener, position: number): void {
    for (const event of this.#kept.from(position)) {
      if (!this.#listeners.has(listener)) return;
      if (isHeardUnder(listener.name, event.name)) this.#tell(listener, event);
    }
    listener.next = this.#kept.end;
  }

  #tell(listener: EventListener, event: StackEvent): void {
    try {
      listener.hear(event);
    } catch (error) {
      this.#onListenerError(error, event.name);
    }
  }

  #tellGap(listener: EventListener): void {
    try {
      listener.onGap?.();
    } catch (error) {
      this.#onListenerError(error, listener.name);
    }
  }
}
