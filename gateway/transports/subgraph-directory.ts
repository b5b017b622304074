import type { SubgraphHandle } from '@inevitable/contract';
import type { JoinGraph } from '../supergraph/join-graph.js';
import { HttpSubgraph } from './http-subgraph.js';

/** Makes the handle of a subgraph that the supergraph says is at a URL. */
export type OpenSubgraph = (graph: JoinGraph) => SubgraphHandle;

/** Where the subgraphs of each supergraph are. A reload may add some, and may say that one has moved. */
export class SubgraphDirectory {
  readonly #given: ReadonlyMap<string, SubgraphHandle>;
  readonly #open: OpenSubgraph | null;
  readonly #opened = new Map<string, SubgraphHandle>();

  /** `given` come first, wherever the supergraph says they are; without `open` there are no others. */
  constructor(given: ReadonlyMap<string, SubgraphHandle>, open: OpenSubgraph | null) {
    this.#given = given;
    this.#open = open;
  }

  /** The same handle for the same name and URL. Throws for a subgraph that cannot be had. */
  handleFor(graph: JoinGraph): SubgraphHandle {
    const given = this.#given.get(graph.name);
    if (given) return given;
    const key = JSON.stringify([graph.name, graph.url]);
    let handle = this.#opened.get(key);
    if (!handle) {
      if (!this.#open)
        throw new Error(
          `The supergraph needs subgraph "${graph.name}", which is not among those this gateway was given.`,
        );
      handle = this.#open(graph);
      this.#opened.set(key, handle);
    }
    return handle;
  }

  /** Closes what was opened for supergraphs and is none of these. Requests in flight finish. */
  async closeAllBut(used: ReadonlySet<SubgraphHandle>): Promise<void> {
    const unused = [...this.#opened].filter(([, handle]) => !used.has(handle));
    for (const [key] of unused) this.#opened.delete(key);
    await Promise.all(unused.map(([, handle]) => closeHandle(handle)));
  }

  async close(): Promise<void> {
    await this.closeAllBut(new Set());
    await Promise.all([...this.#given.values()].map(closeHandle));
  }
}

const closeHandle = async (handle: SubgraphHandle): Promise<void> => {
  if (handle instanceof HttpSubgraph) await handle.close();
};
