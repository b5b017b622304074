import type { ListenOptions, StackEvent } from '@inevitable/contract';

export interface EventListener {
  /** An event's name, or a prefix of names that ends in `.`. */
  readonly name: string;
  readonly hear: (event: StackEvent) => void;
  readonly onGap: ListenOptions['onGap'];
  /** The position of the next event it hears; null while it is not decided where it starts. */
  next: number | null;
}

/** Who listens in this process, found by an event's name instead of by asking each. */
export class EventListeners {
  readonly #byName = new Map<string, Set<EventListener>>();

  add(listener: EventListener): void {
    const namesakes = this.#byName.get(listener.name) ?? new Set();
    this.#byName.set(listener.name, namesakes.add(listener));
  }

  has(listener: EventListener): boolean {
    return this.#byName.get(listener.name)?.has(listener) ?? false;
  }

  remove(listener: EventListener): void {
    const namesakes = this.#byName.get(listener.name);
    if (namesakes?.delete(listener) && namesakes.size === 0) this.#byName.delete(listener.name);
  }

  /** Those that hear an event of this name. */
  *of(name: string): Iterable<EventListener> {
    yield* this.#byName.get(name) ?? [];
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1))
      yield* this.#byName.get(name.slice(0, dot + 1)) ?? [];
  }

  *all(): Iterable<EventListener> {
    for (const namesakes of this.#byName.values()) yield* namesakes;
  }
}
