import type { Snapshot } from './snapshot.js';

/**
 * The snapshot that new requests begin on. A reload swaps one pointer; the one before is closed when the last request
 * that began on it has ended.
 */
export class CurrentSnapshot {
  #current: Snapshot;
  #currentSince = Date.now();
  readonly #inUse = new Map<Snapshot, number>();
  readonly #swapListeners = new Set<() => void>();

  constructor(first: Snapshot) {
    this.#current = first;
  }

  /** Without taking part in it: for what only looks. */
  get current(): Snapshot {
    return this.#current;
  }

  /** Epoch milliseconds of the last swap; before any, of the start. */
  get currentSince(): number {
    return this.#currentSince;
  }

  /** How many hold one, the current or one before it. */
  get held(): number {
    return [...this.#inUse.values()].reduce((sum, users) => sum + users, 0);
  }

  /** Every `acquire` is followed by one `release`. */
  acquire(): Snapshot {
    const snapshot = this.#current;
    this.#inUse.set(snapshot, (this.#inUse.get(snapshot) ?? 0) + 1);
    return snapshot;
  }

  /** Once more, one that somebody has acquired and not released yet. */
  hold(snapshot: Snapshot): Snapshot {
    const held = this.#inUse.get(snapshot);
    if (held === undefined) throw new Error(`Snapshot ${snapshot.id} is held by nobody: it may be closed.`);
    this.#inUse.set(snapshot, held + 1);
    return snapshot;
  }

  release(snapshot: Snapshot): void {
    const held = this.#inUse.get(snapshot);
    if (held === undefined) throw new Error(`Snapshot ${snapshot.id} was released more often than it was acquired.`);
    const users = held - 1;
    if (users > 0) return void this.#inUse.set(snapshot, users);
    this.#inUse.delete(snapshot);
    if (snapshot !== this.#current) void snapshot.close();
  }

  swap(next: Snapshot): void {
    const before = this.#current;
    this.#current = next;
    this.#currentSince = Date.now();
    for (const listener of this.#swapListeners) listener(); // before the old one is closed: they may go on with its parts
    if (!this.#inUse.has(before)) void before.close();
  }

  /** Called after each swap. Answers a function that ends that. */
  onSwap(listener: () => void): () => void {
    this.#swapListeners.add(listener);
    return () => void this.#swapListeners.delete(listener);
  }
}
