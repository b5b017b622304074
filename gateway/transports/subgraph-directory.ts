import type { SubgraphHandle } from '@inevitable/contract';
import type { JoinGraph } from '../supergraph/join-graph.js';
import { HttpSubgraph } from './http-subgraph.js';

/** Makes the handle of a subgraph that the supergraph says is at a URL. */
export type OpenSubgraph = (graph: JoinGraph) => SubgraphHandle;

/** By name. */
export type Subgraphs = ReadonlyMap<string, SubgraphHandle>;

/**
 * Where the subgraphs of each supergraph are. A reload may add some, and may say that one has moved; several supergraphs
 * are in use while one is being loaded, and while requests end on others.
 */
export class SubgraphDirectory {
  readonly #given: Subgraphs;
  readonly #open: OpenSubgraph | null;
  readonly #opened = new Map<string, SubgraphHandle>();
  readonly #inUse = new Set<Subgraphs>();

  /** `given` come first, wherever the supergraph says they are; without `open` there are no others. */
  constructor(given: Subgraphs, open: OpenSubgraph | null) {
    this.#given = given;
    this.#open = open;
  }

  /**
   * The subgraphs of one supergraph, until they are released: the same handle for the same name and URL. Throws for one
   * that cannot be had.
   */
  acquire(graphs: readonly JoinGraph[]): Subgraphs {
    const missing = graphs.find(({ name }) => !this.#given.has(name) && !this.#open);
    if (missing)
      throw new Error(
        `The supergraph needs subgraph "${missing.name}", which is not among those this gateway was given.`,
      );
    try {
      const subgraphs = new Map(graphs.map((graph) => [graph.name, this.#handleFor(graph)]));
      this.#inUse.add(subgraphs);
      return subgraphs;
    } catch (error) {
      void this.#closeUnused();
      throw error;
    }
  }

  /** Closes those that no other supergraph uses. Requests in flight finish. */
  async release(subgraphs: Subgraphs): Promise<void> {
    this.#inUse.delete(subgraphs);
    await this.#closeUnused();
  }

  /** All of them, in use or not. */
  async close(): Promise<void> {
    this.#inUse.clear();
    await this.#closeUnused();
    await Promise.all([...this.#given.values()].map(closeHandle));
  }

  #handleFor(graph: JoinGraph): SubgraphHandle {
    const given = this.#given.get(graph.name);
    if (given) return given;
    const key = JSON.stringify([graph.name, graph.url]);
    let handle = this.#opened.get(key);
    if (!handle) this.#opened.set(key, (handle = this.#open!(graph)));
    return handle;
  }

  async #closeUnused(): Promise<void> {
    const used = new Set([...this.#inUse].flatMap((subgraphs) => [...subgraphs.values()]));
    const unused = [...this.#opened].filter(([, handle]) => !used.has(handle));
    for (const [key] of unused) this.#opened.delete(key);
    await Promise.all(unused.map(([, handle]) => closeHandle(handle)));
  }
}

const closeHandle = async (handle: SubgraphHandle): Promise<void> => {
  if (handle instanceof HttpSubgraph) await handle.close();
};
