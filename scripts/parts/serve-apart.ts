import type { HealthCheck } from '@inevitable/contract';
import { contextVerifier, serveSubgraph, type HostedSubgraph, type InternalApi } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';

export interface ServeApart {
  readonly subgraph: HostedSubgraph;
  readonly defaultPort: number;
  /** Where `/.well-known/context-jwks.json` is; identity asks itself. */
  readonly jwksOrigin: string;
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  readonly internal?: InternalApi;
}

/** Serves one subgraph as a process of its own; answers its URL. */
export async function serveApart(settings: Settings, part: ServeApart, closers: Closers, log: Logger): Promise<string> {
  const { subgraph } = part;
  const served = await serveSubgraph(subgraph, {
    host: settings.host,
    port: settings.port ?? part.defaultPort,
    verifyContext: contextVerifier(subgraph.name, `${part.jwksOrigin}/.well-known/context-jwks.json`),
    checks: { [subgraph.name]: () => subgraph.health(), ...part.checks },
    ...(part.internal && { internal: part.internal }),
    log,
  });
  closers.add(subgraph.name, () => served.close());
  return served.url;
}
