import { checkHealth, type HealthCheck } from '@inevitable/contract';
import {
  contextVerifier,
  readinessMetrics,
  serveSubgraph,
  type HostedSubgraph,
  type InternalApi,
} from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import type { Observation } from './observation.js';
import type { Progress } from './progress.js';
import { tellReadiness } from './tell-readiness.js';

export interface ServeApart {
  /** As the terminal has it. */
  readonly name: string;
  readonly subgraph: HostedSubgraph;
  readonly defaultPort: number;
  /** Where `/.well-known/context-jwks.json` is; identity asks itself. */
  readonly jwksOrigin: string;
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  readonly internal?: InternalApi;
  readonly registry: Observation['registry'];
}

/** Serves one subgraph as a process of its own; says under this name what it waits for, and when it is ready. */
export async function serveApart(
  { name, ...part }: ServeApart,
  settings: Settings,
  line: Progress['line'],
  closers: Closers,
  log: Logger,
): Promise<void> {
  const { subgraph, registry } = part;
  const checks = { [subgraph.name]: () => subgraph.health(), ...part.checks };
  const served = await serveSubgraph(subgraph, {
    host: settings.host,
    port: settings.port ?? part.defaultPort,
    verifyContext: contextVerifier(subgraph.name, `${part.jwksOrigin}/.well-known/context-jwks.json`),
    checks,
    ...(part.internal && { internal: part.internal }),
    stopDelayMs: settings.stopDelayMs,
    log,
  });
  if (registry) readinessMetrics(registry, () => checkHealth(checks));
  closers.add(subgraph.name, () => served.close());
  tellReadiness(
    [{ health: served.health, words: `${name} waits for`, done: `${name} is ready: ${served.url}` }],
    line,
    closers,
  );
}
