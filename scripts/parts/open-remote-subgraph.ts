import {
  httpSubgraph,
  type ContextTokens,
  type HttpSubgraph,
  type JoinGraph,
  type SupergraphConfig,
} from '@inevitable/gateway';
import type { Settings } from '../settings/settings.js';
import { graphqlUrlOf } from './subgraph-origin.js';

/**
 * Reaches a subgraph over HTTP where a supergraph says it is, or where the settings say its process is; how long it may take
 * and how it is subscribed to is supergraph.yaml's.
 */
export const openRemoteSubgraph =
  (settings: Settings, config: SupergraphConfig) =>
  ({ name, url }: JoinGraph, contextTokens: ContextTokens | null): HttpSubgraph => {
    const { timeoutMs, subscriptions } = config.subgraphs.get(name) ?? {};
    return httpSubgraph({
      name,
      routingUrl: graphqlUrlOf(settings, name, url),
      contextTokens,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(subscriptions && { subscriptions }),
    });
  };
