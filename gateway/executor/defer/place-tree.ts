import type { AnswerPath } from '../answer-places.js';

/** Values by places in an answer, none of which is below another: found in steps, however many places there are. */
export class PlaceTree<Value> {
  readonly #root: PlaceNode<Value> = { below: new Map() };

  add(place: AnswerPath, value: Value): void {
    let node = this.#root;
    for (const key of place) {
      let next = node.below.get(key);
      if (!next) node.below.set(key, (next = { below: new Map() }));
      node = next;
    }
    node.value = value;
  }

  /** What is at the path or above it; else the first below it. Undefined: neither is there. */
  nearest(path: AnswerPath): Value | undefined {
    let node: PlaceNode<Value> | undefined = this.#root;
    for (const key of path) {
      if (node.value !== undefined) return node.value;
      node = node.below.get(key);
      if (!node) return undefined;
    }
    while (node && node.value === undefined) node = node.below.values().next().value;
    return node?.value;
  }
}

interface PlaceNode<Value> {
  value?: Value;
  readonly below: Map<string | number, PlaceNode<Value>>;
}
