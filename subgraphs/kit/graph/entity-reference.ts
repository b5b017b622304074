/** An entity of another subgraph, as far as this one knows it: its key. The gateway joins the rest. */
export interface EntityReference {
  readonly id: string;
}
