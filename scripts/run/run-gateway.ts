import { httpSubgraph, startGateway, type ContextTokens } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Closers } from '../parts/closers.js';
import { openDataDirectory } from '../parts/data-directory.js';
import { identityPeer } from '../parts/identity-peer.js';
import type { Progress } from '../parts/progress.js';
import { graphqlUrlOf } from '../parts/subgraph-origin.js';
import { openSupergraphFile } from '../parts/supergraph-file.js';
import { readSupergraphConfig, registryFromFiles } from '../parts/supergraph.js';
import type { Settings } from '../settings/settings.js';

const DEFAULT_PORT = 8080;

/**
 * The gateway as a process of its own: no database, identity and every subgraph behind HTTP. What it serves is composed
 * from supergraph.yaml, or is in `file`; the products' routes, and how a subgraph that it names is reached, are
 * supergraph.yaml's either way.
 */
export async function runGateway(
  file: string | undefined,
  settings: Settings,
  progress: Progress,
  log: Logger,
  closers: Closers,
): Promise<void> {
  await openDataDirectory(settings.dataDir);
  const config = await readSupergraphConfig(settings.supergraphConfig);
  const registry = file === undefined ? registryFromFiles(settings, config) : await openSupergraphFile(file, log);
  const composed = file === undefined ? [...config.subgraphs.values()] : [];
  const identity = await identityPeer(settings, 'gateway');
  const openSubgraph = ({ name, url }: { name: string; url: string }, contextTokens: ContextTokens | null) => {
    const { timeoutMs, subscriptions } = config.subgraphs.get(name) ?? {};
    return httpSubgraph({
      name,
      routingUrl: graphqlUrlOf(settings, name, url),
      contextTokens,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(subscriptions && { subscriptions }),
    });
  };
  const gateway = await startGateway({
    host: settings.host,
    port: settings.port ?? DEFAULT_PORT,
    deployment: settings.deployment,
    slowConsumer: settings.slowConsumer,
    identity,
    registry,
    subgraphs: (contextTokens) =>
      new Map(composed.map(({ name, routingUrl }) => [name, openSubgraph({ name, url: routingUrl }, contextTokens)])),
    openSubgraph,
    products: config.products.values(),
    logger: log,
  });
  closers.add('gateway', () => gateway.close());
  progress.line(`gateway listens: ${gateway.url}/graphql`);
  if (!(await gateway.whenReady())) return;
  progress.line(`gateway is ready: ${gateway.url}/graphql`);
}
