/** An object whose representation is known; others with the same values have the same. */
export interface Seen {
  readonly object: object;
  readonly entity: number;
}

/**
 * The entities one fetch asks for: each different representation once, and every place that waits for it
 * (Apollo Federation subgraph specification, `Query._entities`).
 */
export class Representations {
  /** JSON of each; the subgraph answers in this order. */
  readonly texts: string[] = [];
  /** Objects of the answer that the entities belong into. */
  readonly places: object[] = [];
  /** `places[n]` gets entity `entityOf[n]`. */
  readonly entityOf: number[] = [];
  readonly #byText = new Map<string, number>();
  readonly #bySeen = new Map<string, Map<unknown, Seen>>();

  /** Answers the entity's number. */
  add(text: string, place: object): number {
    let entity = this.#byText.get(text);
    if (entity === undefined) {
      entity = this.texts.push(text) - 1;
      this.#byText.set(text, entity);
    }
    this.addKnown(entity, place);
    return entity;
  }

  /** Another place for an entity that was added before. */
  addKnown(entity: number, place: object): void {
    this.places.push(place);
    this.entityOf.push(entity);
  }

  /** Objects that were seen, by the value of one field; apart for each way in which representations are made. */
  seenBy(requirements: string): Map<unknown, Seen> {
    let seen = this.#bySeen.get(requirements);
    if (!seen) this.#bySeen.set(requirements, (seen = new Map()));
    return seen;
  }
}
