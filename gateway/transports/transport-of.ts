import type { SubgraphHandle } from '@inevitable/contract';
import { HttpSubgraph } from './http-subgraph.js';
import { inProcessTransport } from './in-process-transport.js';
import type { SubgraphTransport } from './subgraph-transport.js';

/** How the executor reaches a subgraph, wherever it runs. */
export const transportOf = (handle: SubgraphHandle): SubgraphTransport =>
  handle instanceof HttpSubgraph ? handle : inProcessTransport(handle);
