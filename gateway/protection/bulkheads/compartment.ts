import { LinkedQueue, type Place } from './linked-queue.js';

export interface Bounds {
  /** How many may run at once. */
  readonly slots: number;
  /** How many may wait. */
  readonly places: number;
}

/** Why nobody may wait: this compartment's own places are taken, or what it is within has too few left. */
export type NoPlace = 'own' | 'shared';

export interface Waiting {
  /** It waits no longer. Not to be called once it was let in. */
  leave(): void;
}

/**
 * What runs at once, and who waits, bounded for all and for each part of all. A part has its own bounds, and may have parts.
 * A slot that becomes free goes to the part whose turn it is, in a circle of those with somebody who may have it; within one,
 * first come, first served. Each step takes the same time however many wait.
 *
 * Whenever a slot is free, nobody waits who may have it: so whoever finds one on all levels overtakes nobody.
 */
export class Compartment {
  readonly #bounds: Bounds;
  readonly #outer: Compartment | null;
  readonly #now: () => number;
  #running = 0;
  #waiting = 0;
  /** Who waits here and in no part of it. */
  readonly #queue = new LinkedQueue<() => void>();
  /** The parts with somebody who may have a slot as soon as there is one here; the first is next. */
  readonly #inTurn = new LinkedQueue<Compartment>();
  /** In the circle of what this is within. */
  #turn: Place<Compartment> | null = null;
  /** When somebody began to wait, since when somebody always did; and how many were let in since. */
  #busySince = 0;
  #letIn = 0;

  /** `now`: milliseconds. */
  constructor(bounds: Bounds, within: Compartment | null, now: () => number) {
    this.#bounds = bounds;
    this.#outer = within;
    this.#now = now;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a slot if there is one. Whoever has it gives it back, once. */
  take(): boolean {
    if (!this.#hasSlot) return false;
    this.#count(1, 0);
    return true;
  }

  giveBack(): void {
    this.#count(-1, 0);
    this.#findTurns().#letNextIn();
  }

  /**
   * To be called when there was no slot to `take`. `enter` is called, later, with the slot taken.
   *
   * A part may have as many waiting as there are places left for everybody, so the places never run out: the more are
   * taken, the fewer each may have, and one that has nobody waiting finds one ("dynamic thresholds": Choudhury and Hahne,
   * IEEE/ACM Transactions on Networking 6(2), 1998).
   */
  wait(enter: () => void): Waiting | NoPlace {
    if (this.#waiting >= this.#bounds.places) return 'own';
    if (!this.#hasShareOfPlaces) return 'shared';
    const place = this.#queue.add(enter);
    this.#count(0, 1);
    this.#findTurns();
    return {
      leave: () => {
        this.#queue.remove(place);
        this.#count(0, -1);
        this.#findTurns();
      },
    };
  }

  /** Milliseconds until all who wait now were let in, if that goes on as it did. */
  drainMs(): number {
    return (this.#waiting * (this.#now() - this.#busySince)) / Math.max(1, this.#letIn);
  }

  get #isFull(): boolean {
    return this.#running >= this.#bounds.slots;
  }

  /** Here, and in all that this is within. */
  get #hasSlot(): boolean {
    return !this.#isFull && (this.#outer === null || this.#outer.#hasSlot);
  }

  get #hasShareOfPlaces(): boolean {
    if (!this.#outer) return true;
    return this.#waiting < this.#outer.#bounds.places - this.#outer.#waiting && this.#outer.#hasShareOfPlaces;
  }

  #count(running: number, waiting: number): void {
    if (this.#waiting === 0 && waiting > 0) {
      this.#busySince = this.#now();
      this.#letIn = 0;
    }
    this.#running += running;
    this.#waiting += waiting;
    if (this.#outer) this.#outer.#count(running, waiting);
  }

  /** From the inside outwards: a part has a turn where one of its own parts has. Answers the outermost. */
  #findTurns(): Compartment {
    if (!this.#outer) return this;
    const hasTurn = !this.#isFull && (this.#queue.first !== null || this.#inTurn.first !== null);
    if (hasTurn) this.#turn ??= this.#outer.#inTurn.add(this);
    else this.#loseTurn();
    return this.#outer.#findTurns();
  }

  #loseTurn(): void {
    if (!this.#turn) return;
    this.#outer!.#inTurn.remove(this.#turn);
    this.#turn = null;
  }

  /** A slot that has become free lets in one at most. */
  #letNextIn(): void {
    if (this.#isFull) return;
    if (this.#inTurn.first) return this.#inTurn.first.item.#letNextIn();
    const next = this.#queue.first;
    if (!next) return;
    this.#queue.remove(next);
    this.#count(1, -1);
    this.#wentIn();
    this.#findTurns(); // behind all who have one
    next.item();
  }

  #wentIn(): void {
    this.#letIn++;
    this.#loseTurn();
    if (this.#outer) this.#outer.#wentIn();
  }
}
