import type { Duplex } from 'node:stream';

/** Connections that are kept open though nothing runs on them, the one that has been so for longest first. */
export class IdleConnections {
  readonly #cutOff = new Map<Duplex, () => void>();

  /** Idle from now on. `cutOff` ends it without waiting for its client. */
  add(socket: Duplex, cutOff: () => void): void {
    this.#cutOff.set(socket, cutOff);
  }

  delete(socket: Duplex): void {
    this.#cutOff.delete(socket);
  }

  [Symbol.iterator](): IterableIterator<[socket: Duplex, cutOff: () => void]> {
    return this.#cutOff.entries();
  }
}
