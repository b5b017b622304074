import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import {
  checkHealth,
  notReady,
  ready,
  type DeploymentContext,
  type HealthCheck,
  type HealthReport,
  type IdentityPorts,
  type PartHealth,
  type SchemaRegistryPort,
  type SubgraphHandle,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import { accessTokens } from './authentication/access-tokens.js';
import { RevocationView } from './authentication/revocation-view.js';
import { VerificationKeys } from './authentication/verification-keys.js';
import { loadApolloEngine } from './executor/load-apollo-engine.js';
import { createSnapshot } from './executor/snapshot.js';
import { prepareDrain } from './routing/drain.js';
import { createHttpServer } from './routing/http-server.js';
import { compileRoutes, type ProductRouting } from './routing/product-routes.js';
import { createContextTokens, type ContextTokens } from './transports/context-tokens.js';
import { HttpSubgraph } from './transports/http-subgraph.js';
import { keepKeyRegistered } from './transports/register-context-key.js';

const READY_POLL_MS = 25;

export type Subgraphs = ReadonlyMap<string, SubgraphHandle>;

export interface GatewayOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly deployment: DeploymentContext;
  readonly identity: IdentityPorts;
  readonly registry: SchemaRegistryPort;
  /** By name. The function form gets what `httpSubgraph` needs to be believed by a subgraph in another process. */
  readonly subgraphs: Subgraphs | ((contextTokens: ContextTokens) => Subgraphs);
  readonly products: Iterable<ProductRouting>;
  /** What else runs in this process and must work for it to be ready. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  readonly logger: Logger;
  /** Epoch milliseconds, by which tokens and revocations are judged; tests set it. */
  readonly now?: () => number;
}

export interface RunningGateway {
  /** Without a slash at its end. */
  readonly url: string;
  /** The gateway's own parts, then every subgraph. */
  health(): Promise<HealthReport>;
  /** Resolves when what identity gives is there: true, or false when the gateway was closed first. */
  whenReady(): Promise<boolean>;
  /** Flips readiness, lets requests in flight finish (10 s at most), and leaves nothing running. */
  close(): Promise<void>;
}

/**
 * Listens as soon as the supergraph is loaded; what identity gives follows, and `/ready` says what is missing until then.
 * Rejects with one sentence when the supergraph cannot be had or the port is taken, and then leaves nothing running.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { host, port, deployment, identity, registry, products, checks = {}, logger: log, now = Date.now } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const draining = new AbortController();
  const isDraining = () => draining.signal.aborted;

  const contextTokens = createContextTokens(now);
  const subgraphs = typeof options.subgraphs === 'function' ? options.subgraphs(contextTokens) : options.subgraphs;
  const routes = compileRoutes([...products], subgraphs);
  const version = await registry.current();
  const engine = await loadApolloEngine(version.sdl, subgraphs, log);

  const keys = new VerificationKeys(identity.verification, { log, now });
  const revocations = new RevocationView(identity.revocations, { log, now });
  const contextKey = keepKeyRegistered(contextTokens.publicKey, identity.verification, { log, now, signal });
  keys.start(draining.signal); // a request that waits for a key would hold the drain as long as identity is silent
  revocations.start(signal);

  const ownParts = (): PartHealth[] => [
    ready('supergraph'), // it is there, or nothing would listen
    keys.health(),
    revocations.health(),
    contextKey.health(),
    isDraining()
      ? notReady('accepting requests', 'draining: this gateway is being stopped')
      : ready('accepting requests'),
  ];
  const readiness = async (): Promise<HealthReport> => report([...ownParts(), ...(await checkHealth(checks)).parts]);
  const health = async (): Promise<HealthReport> => {
    const ofSubgraphs = [...subgraphs].map(([name, handle]) => [name, () => handle.health()] as const);
    return report([...ownParts(), ...(await checkHealth({ ...checks, ...Object.fromEntries(ofSubgraphs) })).parts]);
  };

  const app = createHttpServer({
    deployment,
    tokens: accessTokens(keys, revocations, now),
    snapshot: createSnapshot(version, engine),
    routes,
    isDraining,
    readiness,
    health,
    log,
  });

  const drain = prepareDrain(app);

  async function release(): Promise<void> {
    draining.abort();
    stop.abort();
    await engine.close();
    await Promise.all([...subgraphs.values()].map((handle) => handle instanceof HttpSubgraph && handle.close()));
  }

  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    await release();
    throw cannotListen(error, host, port);
  }

  let closed: Promise<void> | null = null;
  return {
    url: urlOf(app.server.address() as AddressInfo),
    health,
    async whenReady() {
      while (!isDraining() && !ownParts().every((part) => part.ready)) await wait(READY_POLL_MS);
      return !isDraining();
    },
    close: () =>
      (closed ??= (async () => {
        draining.abort(new Error('The gateway is being stopped.'));
        await drain();
        await release();
      })()),
  };
}

const report = (parts: readonly PartHealth[]): HealthReport => ({
  status: parts.every((part) => part.ready) ? 'ready' : 'not ready',
  parts,
});

function cannotListen(error: unknown, host: string, port: number): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new Error(`Port ${port} on ${host} is in use; stop what listens there or choose another port.`, {
      cause: error,
    });
  if (code === 'EACCES')
    return new Error(`Port ${port} on ${host} may not be used by this user; choose one above 1023.`, { cause: error });
  return new Error(`The gateway cannot listen on ${host}:${port}: ${message}.`, { cause: error });
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`; // every address; this one is always there
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
