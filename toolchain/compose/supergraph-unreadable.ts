/** supergraph.yaml or a schema it names cannot be read. The message is one sentence with file and line. */
export class SupergraphUnreadable extends Error {}
