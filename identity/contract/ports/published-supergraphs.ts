import type { PublishedVersion, SupergraphVersion } from './schema-registry-port.js';

/** A supergraph from the registry, as whoever serves it needs it. */
export type PublishedSupergraph = SupergraphVersion & Pick<PublishedVersion, 'number'>;

/** The supergraph that was published last, for whoever serves it. */
export interface PublishedSupergraphs {
  /** null: nothing was published. Rejects when that cannot be known now. */
  current(): Promise<PublishedSupergraph | null>;
  /**
   * Tells of the version that is current, and of every one that becomes so; answers a function that ends it. `onProblem`
   * hears why nothing is heard, in words, or null: after the first look, and whenever it changes.
   */
  watch(onVersion: (version: PublishedSupergraph) => void, onProblem?: (problem: string | null) => void): () => void;
}
