import type { Snapshot } from './snapshot.js';

/**
 * The snapshot that new requests begin on. A reload swaps one pointer; the one before is closed when the last request
 * that began on it has ended.
 */
export class CurrentSnapshot {
  #current: Snapshot;
  readonly #inUse = new Map<Snapshot, number>();

  constructor(first: Snapshot) {
    this.#current = first;
  }

  /** Without taking part in it: for what only looks. */
  get current(): Snapshot {
    return this.#current;
  }

  /** Every `acquire` is followed by one `release`. */
  acquire(): Snapshot {
    const snapshot = this.#current;
    this.#inUse.set(snapshot, (this.#inUse.get(snapshot) ?? 0) + 1);
    return snapshot;
  }

  release(snapshot: Snapshot): void {
    const users = this.#inUse.get(snapshot)! - 1;
    if (users > 0) return void this.#inUse.set(snapshot, users);
    this.#inUse.delete(snapshot);
    if (snapshot !== this.#current) void snapshot.close();
  }

  swap(next: Snapshot): void {
    const before = this.#current;
    this.#current = next;
    if (!this.#inUse.has(before)) void before.close();
  }
}
