/** What can be ended from our side. */
export interface Stoppable {
  stop(): void;
}

/** The streams a server has under way, so that it can stop. */
export class OpenStreams {
  readonly #streams = new Set<Stoppable>();
  #stopping = false;

  /** One that is added while the server stops is stopped at once. */
  add(stream: Stoppable): void {
    this.#streams.add(stream);
    if (this.#stopping) stream.stop();
  }

  delete(stream: Stoppable): void {
    this.#streams.delete(stream);
  }

  stop(): void {
    this.#stopping = true;
    for (const stream of this.#streams) stream.stop();
  }
}
