import type {
  GatewayExecutionResult,
  GatewayExecutor,
  GatewayInterface,
  GatewayLoadResult,
  GatewaySchemaLoadOrUpdateCallback,
  GatewayUnsubscriber,
} from '@apollo/server-gateway-interface';
import {
  anonymousContext,
  CallerError,
  ERROR_CODES,
  toErrorBody,
  type EntitlementsPort,
  type RequestContext,
  type SubgraphHandle,
} from '@inevitable/contract';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { pino, type Logger } from 'pino';
import { v7 as uuid } from 'uuid';
import type { AuthorizationOptions } from '../authorization/authorize.js';
import { authorizationWith } from '../authorization/authorization-with.js';
import { tenantEntitlements } from '../authorization/tenant-entitlements.js';
import { engineOn } from '../engine/load-supergraph-engine.js';
import type { SupergraphEngine } from '../engine/supergraph-engine.js';
import { gatherExtensions } from '../extensions/gather-extensions.js';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import { checkVariables } from '../graphql-over-http/check-variables.js';
import { refused } from '../graphql-over-http/refuse-document.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';
import type { PlannerThreads } from '../planner/planner-threads.js';
import { serveSupergraph } from '../snapshot/serve-supergraph.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import type { OpenSubgraph } from '../transports/subgraph-directory.js';
import { openSource, type OpenedSource, type SupergraphSource } from './supergraph-source.js';

const DEADLINE_MS = 30_000;

export interface SupergraphGatewayOptions<Context> {
  readonly supergraphSdl: SupergraphSource;
  /** Subgraphs of this process, or with a transport of your own. The others are reached by HTTP where the supergraph says. */
  readonly subgraphs?: ReadonlyMap<string, SubgraphHandle>;
  readonly openSubgraph?: OpenSubgraph;
  /** Who asks, from Apollo Server's `contextValue`. Without it everybody is anonymous. */
  readonly requestContext?: (context: Context) => RequestContext;
  readonly extensions?: readonly GatewayExtension[];
  /** What happens to an operation with fields its caller may not have; `filter` unless given. */
  readonly authorization?: AuthorizationOptions['mode'];
  readonly entitlements?: EntitlementsPort | null;
  /** Shared with other gateways of this process, and not ended with this one; absent: its own. */
  readonly planners?: PlannerThreads | undefined;
  readonly logger?: Logger;
}

/**
 * The engine as `@apollo/server`'s gateway: queries and mutations, on whatever the supergraph's source says last.
 *
 * ```ts
 * const server = new ApolloServer({ gateway: new SupergraphGateway({ supergraphSdl }) });
 * ```
 */
export class SupergraphGateway<Context extends object = Record<string, unknown>> implements GatewayInterface {
  readonly #options: SupergraphGatewayOptions<Context>;
  readonly #log: Logger;
  readonly #listeners = new Set<GatewaySchemaLoadOrUpdateCallback>();
  #latest: Snapshot | null = null;
  #source: OpenedSource | null = null;
  #engine: SupergraphEngine | null = null;

  constructor(options: SupergraphGatewayOptions<Context>) {
    this.#options = options;
    this.#log = options.logger ?? pino({ level: 'warn' });
  }

  /** Throws when the supergraph does not load. */
  async load(): Promise<GatewayLoadResult> {
    const { supergraphSdl, subgraphs = new Map<string, SubgraphHandle>(), authorization = 'filter' } = this.#options;
    const { entitlements = null } = this.#options;
    const log = this.#log;
    const extensions = gatherExtensions(this.#options.extensions ?? [], log);
    this.#source = await openSource(supergraphSdl, log);
    const supergraph = await serveSupergraph({
      registry: this.#source.registry,
      subgraphs,
      openSubgraph:
        this.#options.openSubgraph ?? (({ name, url }) => httpSubgraph({ name, routingUrl: url, contextTokens: null })),
      authorization: authorizationWith(
        authorization,
        entitlements && tenantEntitlements(entitlements),
        extensions,
        log,
      ),
      planners: this.#options.planners,
      onSnapshot: (snapshot) => this.#announce(snapshot),
      log,
    }).catch(async (error: unknown) => {
      await this.#source?.close();
      throw error;
    });
    const engine = engineOn(supergraph.snapshots, extensions, log, supergraph.close);
    this.#engine = engine;
    return { executor: (request) => this.#execute(request, engine) };
  }

  /** Told of the schema at once where there is one, and with every reload. */
  onSchemaLoadOrUpdate(callback: GatewaySchemaLoadOrUpdateCallback): GatewayUnsubscriber {
    this.#listeners.add(callback);
    if (this.#latest) callback(schemaContext(this.#latest));
    return () => void this.#listeners.delete(callback);
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    await this.#source?.close();
  }

  #announce(snapshot: Snapshot): void {
    this.#latest = snapshot;
    for (const listener of this.#listeners) listener(schemaContext(snapshot));
  }

  async #execute(
    {
      request,
      response,
      document,
      source,
      queryHash,
      operationName,
      operation,
      context,
    }: Parameters<GatewayExecutor>[0],
    engine: SupergraphEngine,
  ): Promise<GatewayExecutionResult> {
    const variables = request.variables ?? {};
    const header = (name: string): string | undefined => request.http?.headers.get(name) ?? undefined;
    const addHeader = (name: string, value: string): void => response?.http?.headers.set(name, value);
    try {
      if (operation.operation === OperationTypeNode.SUBSCRIPTION)
        throw refused('BAD_USER_INPUT', [{ message: 'Subscriptions are not served here.' }]);
      checkVariables(engine.schema, operation, variables);
      const caller = this.#options.requestContext?.(context as Context) ?? nobody(header);
      const { errors, ...result } = await engine.execute(
        { document, hash: queryHash, source, operationName, variables, header, addHeader },
        caller,
      );
      return { ...result, ...(errors && { errors: errors.map(asGraphQLError) }) } as GatewayExecutionResult;
    } catch (error) {
      if (!(error instanceof CallerError)) this.#log.error({ err: error }, 'An operation failed.');
      return { errors: failure(error) };
    }
  }
}

/** Apollo Server takes nothing else for an error. */
const asGraphQLError = ({ message, path, extensions }: GraphQLError): GraphQLError =>
  new GraphQLError(message, { path, extensions });

/** An operation that was not run. Apollo Server reads the status from `http`, and does not send it. */
function failure(error: unknown): GraphQLError[] {
  const bodies = error instanceof RequestRefused ? error.errors : [toErrorBody(error)];
  return bodies.map(({ message, extensions }) => {
    const { status } = error instanceof RequestRefused ? error : ERROR_CODES[extensions.code];
    return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
  });
}

const schemaContext = ({ schema, sdl }: Snapshot): Parameters<GatewaySchemaLoadOrUpdateCallback>[0] => ({
  apiSchema: schema,
  coreSupergraphSdl: sdl,
});

const nobody = (header: (name: string) => string | undefined): RequestContext =>
  anonymousContext({
    requestId: uuid(),
    trace: header('traceparent') ?? null,
    deadline: Date.now() + DEADLINE_MS,
    signal: new AbortController().signal,
    deployment: 'internal',
  });
