export interface SupergraphVersion {
  /** Of the supergraph SDL: equal text, equal id. */
  readonly id: string;
  readonly sdl: string;
}

/** Where a gateway gets the composed supergraph from. */
export interface SchemaRegistryPort {
  current(): Promise<SupergraphVersion>;
}
