import type { EndListener, EndSignal } from '../transports/end-signal.js';

/** When nobody waits for a request any more. An `AbortSignal` of it is made when somebody asks for one. */
export class RequestEnd implements EndSignal {
  #aborted = false;
  #reason: unknown;
  #listeners: EndListener[] = [];
  #controller: AbortController | null = null;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Tells everybody who listens, once; what comes later finds `aborted`. */
  abort(reason: Error): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#controller?.abort(reason);
    for (const listener of listeners) listener.handleEvent();
  }

  addEventListener(_type: 'abort', listener: EndListener): void {
    if (!this.#aborted) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: EndListener): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
}
