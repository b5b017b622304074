import { createHash } from 'node:crypto';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';

/** The supergraph of a stack that is being worked on: whatever composed last, as soon as its subgraphs are there. */
export class DevRegistry implements SchemaRegistryPort {
  readonly #listeners = new Set<(version: SupergraphVersion) => void>();
  #current: SupergraphVersion;
  #published = 0;

  constructor(sdl: string) {
    this.#current = { id: hashOf(sdl), sdl };
  }

  current(): Promise<SupergraphVersion> {
    return Promise.resolve(this.#current);
  }

  watch(onVersion: (version: SupergraphVersion) => void): () => void {
    this.#listeners.add(onVersion);
    return () => void this.#listeners.delete(onVersion);
  }

  /**
   * Answers the id. Each time another one, also of the same text: a gateway that takes it over begins to use the subgraphs
   * that are there by then.
   */
  publish(sdl: string): string {
    this.#published += 1;
    this.#current = { id: `${hashOf(sdl)}.${this.#published}`, sdl };
    for (const listener of this.#listeners) listener(this.#current);
    return this.#current.id;
  }

  get sdl(): string {
    return this.#current.sdl;
  }
}

const hashOf = (sdl: string): string => createHash('sha256').update(sdl).digest('hex');
