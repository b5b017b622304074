import type { GraphQLFormattedError } from 'graphql';

type Key = string | number;

/** A list of ten thousand broken items is one problem; the client need not read it ten thousand times. */
const MOST_PROBLEMS = 100;

/**
 * Told by an answer's writer what does not fit, and gathered as errors (GraphQL specification, 6.4.4), each with its path. What
 * tells a problem answers null, which the writer hands upwards.
 */
export class AnswerProblems {
  /** In the order in which they were met. */
  readonly found: GraphQLFormattedError[] = [];
  /** Set by the writer: the objects of the schema's types in what it wrote, without the outermost one. */
  objects = 0;
  readonly #explained: Places;
  #here: Key[] = [];

  /** `explained`: where subgraphs failed. A null there, above or below was reported already. */
  constructor(explained: readonly (readonly Key[])[]) {
    this.#explained = new Places(explained);
  }

  /** What is written next is not the whole answer: it stands at `place`. */
  startAt(place: readonly Key[]): void {
    this.#here = [...place];
  }

  /** A value that the field at `key` cannot take: null where none may be, or one of another type. */
  fail(field: string, value: unknown, key: Key): null {
    const message =
      value === null || value === undefined
        ? `Cannot return null for non-nullable field ${field}.`
        : `A value does not fit the type of field ${field}.`;
    return this.#add(message, [...this.#here, key]);
  }

  /** An object or list that is none, where the writer is. */
  unfit(type: string): null {
    return this.#add(`A value is no ${type}.`, [...this.#here]);
  }

  #add(message: string, path: readonly Key[]): null {
    if (this.found.length >= MOST_PROBLEMS || this.#explained.haveOneOnTheWayOf(path)) return null;
    this.found.push({ message, path, extensions: { code: 'INTERNAL' } });
    return null;
  }

  /** A field that the caller may not see. */
  deny(key: Key): null {
    if (this.found.length < MOST_PROBLEMS)
      this.found.push({
        message: 'You may not see this.',
        path: [...this.#here, key],
        extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
      });
    return null;
  }

  /** The writer goes below `key`, and leaves it. */
  enter(key: Key): void {
    this.#here.push(key);
  }

  leave(): void {
    this.#here.pop();
  }
}

/** As a tree: there may be as many as there are items in a list, and they are looked up for every problem. */
class Places {
  readonly #root: PlaceNode = { isOne: false, below: new Map() };

  constructor(paths: readonly (readonly Key[])[]) {
    for (const path of paths) this.#add(path);
  }

  #add(path: readonly Key[]): void {
    let node = this.#root;
    for (const key of path) {
      let next = node.below.get(key);
      if (!next) node.below.set(key, (next = { isOne: false, below: new Map() }));
      node = next;
    }
    node.isOne = true;
  }

  /** True for a path that is one of the places, or lies above or below one. */
  haveOneOnTheWayOf(path: readonly Key[]): boolean {
    let node = this.#root;
    for (const key of path) {
      if (node.isOne) return true;
      const next = node.below.get(key);
      if (!next) return false;
      node = next;
    }
    return true;
  }
}

interface PlaceNode {
  isOne: boolean;
  readonly below: Map<Key, PlaceNode>;
}
