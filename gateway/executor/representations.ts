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
  readonly #known = new Map<string, number>();

  add(text: string, place: object): void {
    let index = this.#known.get(text);
    if (index === undefined) {
      index = this.texts.push(text) - 1;
      this.#known.set(text, index);
    }
    this.places.push(place);
    this.entityOf.push(index);
  }
}
