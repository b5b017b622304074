import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Server as TLSServer } from 'node:tls';
import { promisify } from 'node:util';
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
  type SecurityEventSink,
  type SubgraphHandle,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import { followIdentity } from './authentication/follow-identity.js';
import { authorizationWith } from './authorization/authorization-with.js';
import type { AuthorizationOptions } from './authorization/authorize.js';
import { tellDenial } from './authorization/tell-denial.js';
import { tenantEntitlements } from './authorization/tenant-entitlements.js';
import type { ConsoleOptions } from './console/serve-console.js';
import { explainPlan } from './extensions/explain-plan.js';
import { gatherExtensions } from './extensions/gather-extensions.js';
import type { GatewayExtension } from './extensions/gateway-extension.js';
import { tellRefusal } from './extensions/tell-refusal.js';
import { showCost } from './extensions/show-cost.js';
import { introspectionWhere, mayIntrospect, type IntrospectionPolicy } from './limits/introspection.js';
import { DEFAULT_LIMITS, type Limits } from './limits/limits-settings.js';
import { watchedRefusals } from './extensions/watched-refusals.js';
import type { GatewayMeasured } from './observation/gateway-measured.js';
import { OperationDocuments } from './documents/operation-documents.js';
import { TrustedDocuments, type TrustedDocumentsOptions } from './documents/trusted-documents.js';
import { unlistedDocuments } from './documents/unlisted-documents.js';
import type { PlannerThreads } from './planner/planner-threads.js';
import type { PipelineParts } from './pipeline/pipeline.js';
import { bulkheads } from './protection/bulkheads/bulkheads.js';
import { DEFAULT_CONCURRENCY, type ConcurrencySettings } from './protection/bulkheads/concurrency-settings.js';
import { DEFAULT_CONNECTIONS, type ConnectionsSettings } from './protection/connections-settings.js';
import { LoadShedding } from './protection/load-shedding.js';
import { loadReader, type LoadReader } from './protection/read-load.js';
import { DEFAULT_SHEDDING, type SheddingSettings } from './protection/shedding-settings.js';
import { DEFAULT_SUBSCRIPTIONS, type SubscriptionsSettings } from './protection/subscriptions-settings.js';
import { protection } from './protection/protection.js';
import { rateLimiter, type RateLimitsOptions } from './protection/rate-limits/rate-limiter.js';
import { refusedTexts } from './protection/rate-limits/refused-texts.js';
import { admissions } from './routing/admit-request.js';
import { boundConnections } from './routing/bound-connections.js';
import { IdleConnections } from './routing/idle-connections.js';
import type { CorsRule } from './routing/cors.js';
import { prepareDrain } from './routing/drain.js';
import { createHttpServer } from './routing/http-server.js';
import { compileRoutes, type ProductRouting, type RouteTable } from './routing/product-routes.js';
import { followCertificate, readCertificate, type CertificateFiles } from './routing/own-certificate.js';
import { clientReader } from './routing/read-client.js';
import { originReader } from './routing/read-origin.js';
import type { SamplesTrace } from './routing/trace-context.js';
import { healthOf } from './routing/subgraph-health.js';
import { serveSupergraph } from './snapshot/serve-supergraph.js';
import { LiveSubscriptions } from './subscriptions/live-subscriptions.js';
import type { SlowConsumer } from './subscriptions/subscription.js';
import type { JoinGraph } from './supergraph/join-graph.js';
import { createContextTokens, type ContextTokens } from './transports/context-tokens.js';
import { HttpSubgraph } from './transports/http-subgraph.js';
import type { Subgraphs } from './transports/subgraph-directory.js';

const READY_POLL_MS = 25;

export interface GatewayOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly deployment: DeploymentContext;
  /** null (`--auth off`): everybody is anonymous, and no subgraph is told who asks. */
  readonly identity: IdentityPorts | null;
  readonly registry: SchemaRegistryPort;
  /**
   * By name. The function form gets what `httpSubgraph` needs to be believed by a subgraph in another process; null
   * without identity.
   */
  readonly subgraphs: Subgraphs | ((contextTokens: ContextTokens | null) => Subgraphs);
  /** Reaches a subgraph that `subgraphs` does not have, where the supergraph says it is. */
  readonly openSubgraph?: (graph: JoinGraph, contextTokens: ContextTokens | null) => SubgraphHandle;
  readonly products: Iterable<ProductRouting>;
  /** True: the paths of a product whose subgraph the supergraph does not have are nobody's. Else it stops the start. */
  readonly productsMayComeLater?: boolean;
  /** In the order in which their hooks run, as far as their needs allow. */
  readonly extensions?: readonly GatewayExtension[];
  /** Which traces are recorded in this process; absent: none. */
  readonly samplesTrace?: SamplesTrace;
  /** What happens to an operation with fields its caller may not have; `filter` unless given. */
  readonly authorization?: AuthorizationOptions['mode'];
  /** What becomes of a subscriber who reads more slowly than events come; `close` unless given. */
  readonly slowConsumer?: SlowConsumer;
  /** Addresses and ranges of our own proxies, whose `X-Forwarded-*` are believed; nobody's are unless given. */
  readonly trustedProxies?: readonly string[];
  /** What comes in the clear is redirected, or refused, but for probes; it may come so unless given. */
  readonly httpsRequired?: boolean;
  /** Served with TLS by ourselves; absent: by a proxy of ours, or not at all. */
  readonly certificate?: CertificateFiles | undefined;
  /** Whose pages may read answers; none of another origin unless given. */
  readonly corsRules?: readonly CorsRule[];
  /** How large an operation may be; `DEFAULT_LIMITS` unless given. */
  readonly limits?: Limits | undefined;
  /** Who may ask for the schema; `introspectionWhere(deployment)` unless given. */
  readonly introspection?: IntrospectionPolicy | undefined;
  /** How much callers may ask for, and where that is counted; absent: as much as they like. */
  readonly rateLimits?: RateLimitsOptions | undefined;
  /**
   * How many operations may run at once, and how many of one tenant; the defaults of supergraph.yaml unless given.
   * Null, and without identity, where there are no tenants: not bounded.
   */
  readonly concurrency?: ConcurrencySettings | null;
  /**
   * How many subscriptions may be live, and how many of one tenant; the defaults of supergraph.yaml unless given.
   * Null, and without identity: any number.
   */
  readonly subscriptions?: SubscriptionsSettings | null;
  /** How many connections there may be; the defaults of supergraph.yaml unless given, any number where it is null. */
  readonly connections?: ConnectionsSettings | null;
  /** From when on nothing more is taken on; the defaults of supergraph.yaml unless given, never where it is null. */
  readonly shedding?: SheddingSettings | null;
  /** What its process bears; tests say something else. */
  readonly load?: LoadReader;
  /** Which documents are run, and which are told of; all are run unless given. */
  readonly trustedDocuments?: TrustedDocumentsOptions | undefined;
  /** The GraphiQL page at `/graphiql`; absent: there is none. Where customers are (`deployment`) there never is one. */
  readonly console?: ConsoleOptions | undefined;
  /** Shared with other gateways of this process, and not ended with this one; absent: its own. */
  readonly planners?: PlannerThreads | undefined;
  /** Told of credentials that were refused, and of operations that known callers may not ask for; absent: nobody is. */
  readonly securityEvent?: SecurityEventSink;
  /** What else runs in this process and must work for it to be ready. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  /** How long it goes on taking requests after `close`, not ready, so that a balancer can notice; 0 unless given. */
  readonly stopDelayMs?: number;
  readonly logger: Logger;
  /** Epoch milliseconds, by which tokens and revocations are judged; tests set it. */
  readonly now?: () => number;
}

export interface RunningGateway {
  /** Without a slash at its end. */
  readonly url: string;
  /** The id of the supergraph that new requests are answered with. */
  supergraphId(): string;
  /** What `/ready` answers: the gateway's own parts, and the checks it was given. */
  readiness(): Promise<HealthReport>;
  /** The same, and every subgraph. */
  health(): Promise<HealthReport>;
  /** For metrics. */
  measured(): Promise<GatewayMeasured>;
  /** Resolves when what identity gives is there: true, or false when the gateway was closed first. */
  whenReady(): Promise<boolean>;
  /** Flips readiness, waits `stopDelayMs`, lets requests in flight finish (10 s at most); leaves nothing running. */
  close(): Promise<void>;
}

/**
 * Listens as soon as the supergraph is loaded; what identity gives follows, and `/ready` says what is missing until
 * then. Rejects with one sentence when the certificate or a manifest of documents cannot be used, the supergraph cannot
 * be had or the port is taken, and then leaves nothing running.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { host, port, deployment, identity, registry, products, checks = {}, logger: log, now = Date.now } = options;
  const { securityEvent = () => undefined, rateLimits } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const leaving = new AbortController();
  const draining = new AbortController();
  const isLeaving = () => leaving.signal.aborted;

  const certificate = options.certificate ? await readCertificate(options.certificate) : null;
  const trusted = options.trustedDocuments ? await TrustedDocuments.read(options.trustedDocuments) : null;
  const onRefused: PipelineParts['onRefused'] = (refusal, context) => tellRefusal(refusal, context, securityEvent);
  const documents = new OperationDocuments({
    trusted,
    tellUnlisted: unlistedDocuments(log, now),
    onRefused,
  });
  const contextTokens = identity && createContextTokens(now);
  const subgraphs = typeof options.subgraphs === 'function' ? options.subgraphs(contextTokens) : options.subgraphs;
  const entitlementsOf = identity && tenantEntitlements(identity.entitlements, now);
  const { limits = DEFAULT_LIMITS, introspection = introspectionWhere(deployment) } = options;
  const concurrency = identity && (options.concurrency === undefined ? DEFAULT_CONCURRENCY : options.concurrency);
  const compartments = concurrency && bulkheads(concurrency);
  const limiter = rateLimits ? rateLimiter(rateLimits, { entitlementsOf, log }) : null;
  const protecting = protection({ introspection, limits, limiter, compartments });
  const extensions = watchedRefusals(
    gatherExtensions(
      [explainPlan(deployment, identity === null), showCost(limits.cost), ...protecting, ...(options.extensions ?? [])],
      log,
    ),
    securityEvent,
  );
  const { openSubgraph } = options;
  const supergraph = await serveSupergraph({
    registry,
    subgraphs,
    openSubgraph: openSubgraph ? (graph) => openSubgraph(graph, contextTokens) : null,
    authorization: {
      ...authorizationWith(options.authorization ?? 'filter', entitlementsOf, extensions, log),
      onDenied: (context) => tellDenial(context, securityEvent),
    },
    rules: { limits, maySeeSchema: (context) => mayIntrospect(introspection, context) },
    planners: options.planners,
    log,
  });
  const { snapshots } = supergraph;
  const handles = (): Subgraphs => new Map([...snapshots.current.handles, ...subgraphs]);
  const handleOf = (name: string) => subgraphs.get(name) ?? snapshots.current.handles.get(name);
  let routes: RouteTable;
  try {
    routes = compileRoutes([...products], handleOf, options.productsMayComeLater);
  } catch (error) {
    await supergraph.close();
    throw error;
  }

  const trust =
    identity &&
    contextTokens &&
    followIdentity(identity, contextTokens, {
      deployment,
      securityEvent,
      log,
      now,
      signal,
      draining: draining.signal,
    });

  const { shedding: bearable = DEFAULT_SHEDDING } = options;
  const shedding = bearable && new LoadShedding(bearable, options.load ?? loadReader(), log);
  const overload = () => (shedding?.isShedding ? shedding.refusal() : null);

  const ownParts = (): PartHealth[] => [
    // One is there, or nothing would listen; a newer one that does not load leaves this gateway as good as it was.
    { name: 'supergraph', ready: true, reason: supergraph.problem() },
    ...(trust?.health() ?? []),
    ...(trusted ? [trusted.health()] : []),
    ...(rateLimits?.counters.health() ?? []),
    ...(shedding ? [shedding.health()] : []),
    isLeaving()
      ? notReady('accepting requests', 'draining: this gateway is being stopped')
      : ready('accepting requests'),
  ];
  const readiness = async (): Promise<HealthReport> => report([...ownParts(), ...(await checkHealth(checks)).parts]);
  const health = async (): Promise<HealthReport> => {
    const ofSubgraphs = [...handles()].map(([name, handle]) => [name, healthOf(handle)] as const);
    return report([...ownParts(), ...(await checkHealth({ ...checks, ...Object.fromEntries(ofSubgraphs) })).parts]);
  };

  const credentials = trust && trust.credentials;
  const { slowConsumer } = options;
  const bounds = identity && (options.subscriptions === undefined ? DEFAULT_SUBSCRIPTIONS : options.subscriptions);
  const subscriptions = new LiveSubscriptions({
    credentials,
    documents,
    snapshots,
    extensions,
    slowConsumer,
    bounds,
    onRefused,
    log,
  });
  const { trustedProxies = [], httpsRequired = false, corsRules = [] } = options;
  const readOrigin = originReader(trustedProxies);
  const idleWebSockets = new IdleConnections();
  const { app, webSockets } = createHttpServer({
    deployment,
    readClient: clientReader(trustedProxies),
    readOrigin,
    admissions: admissions({ readOrigin, isHttpsRequired: httpsRequired, cors: corsRules, overload }),
    overload,
    idleWebSockets,
    refusedTexts: limiter && refusedTexts(limiter),
    onRefused,
    certificate,
    credentials,
    documents,
    snapshots,
    subscriptions,
    extensions,
    onRequestEnd: extensions.onRequestEnd,
    samplesTrace: options.samplesTrace ?? null,
    routes,
    leaving: leaving.signal,
    draining: draining.signal,
    readiness,
    health,
    console: deployment === 'customer' ? null : (options.console ?? null),
    supergraphProblem: supergraph.problem,
    log,
  });

  const { connections = DEFAULT_CONNECTIONS } = options;
  if (connections) boundConnections(app.server, connections, trustedProxies, idleWebSockets, log);
  const drain = prepareDrain(app);
  const unfollowCertificate =
    options.certificate && certificate && app.server instanceof TLSServer
      ? followCertificate(app.server, options.certificate, certificate, log)
      : () => undefined;

  const unfollowDocuments = trusted?.follow(log);

  const countConnections = promisify(app.server.getConnections.bind(app.server));
  async function measured(): Promise<GatewayMeasured> {
    const apart = [...snapshots.current.handles].flatMap(([name, handle]) =>
      handle instanceof HttpSubgraph ? [[name, handle.measured()] as const] : [],
    );
    return {
      ...supergraph.measured(),
      bulkheads: compartments && compartments.measured(),
      isShedding: shedding !== null && shedding.isShedding,
      revocationsAgeMs: trust && trust.revocationsAgeMs(),
      subscriptions: subscriptions.count,
      webSockets: webSockets.count,
      connections: await countConnections(),
      subgraphs: new Map(apart),
    };
  }

  async function release(): Promise<void> {
    leaving.abort();
    draining.abort();
    stop.abort();
    unfollowCertificate();
    shedding?.close();
    unfollowDocuments?.();
    subscriptions.close();
    await supergraph.close();
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
    url: urlOf(app.server.address() as AddressInfo, certificate ? 'https' : 'http'),
    supergraphId: () => snapshots.current.id,
    readiness,
    health,
    measured,
    async whenReady() {
      while (!isLeaving() && !ownParts().every((part) => part.ready)) await wait(READY_POLL_MS);
      return !isLeaving();
    },
    close: () =>
      (closed ??= (async () => {
        leaving.abort();
        if (options.stopDelayMs) await wait(options.stopDelayMs);
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

function urlOf({ address, family, port }: AddressInfo, scheme: 'http' | 'https'): string {
  if (address === '0.0.0.0' || address === '::') return `${scheme}://127.0.0.1:${port}`; // on all of them
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
