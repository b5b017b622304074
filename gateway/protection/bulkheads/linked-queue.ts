/** Where an item stands in a queue. */
export interface Place<Item> {
  readonly item: Item;
  before: Place<Item> | null;
  after: Place<Item> | null;
}

/** First in, first out; and out of the middle, at the same constant cost. */
export class LinkedQueue<Item> {
  #first: Place<Item> | null = null;
  #last: Place<Item> | null = null;

  get first(): Place<Item> | null {
    return this.#first;
  }

  add(item: Item): Place<Item> {
    const place: Place<Item> = { item, before: this.#last, after: null };
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    return place;
  }

  /** `place`: of this queue, and not removed before. */
  remove({ before, after }: Place<Item>): void {
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
  }
}
