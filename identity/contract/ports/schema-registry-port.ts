export interface SupergraphVersion {
  /** Of the supergraph SDL: equal text, equal id. */
  readonly id: string;
  readonly sdl: string;
}

/** Where a gateway gets the composed supergraph from. */
export interface SchemaRegistryPort {
  current(): Promise<SupergraphVersion>;
  /** Tells of every version that becomes the current one; answers a function that ends it. Absent: there is only one. */
  watch?(onVersion: (version: SupergraphVersion) => void): () => void;
}
