import { ApolloGateway } from '@apollo/gateway';
import type { RequestContext, SubgraphHandle } from '@inevitable/contract';
import {
  GraphQLError,
  Kind,
  type ExecutionResult,
  type GraphQLFormattedError,
  type OperationDefinitionNode,
} from 'graphql';
import type { Logger } from 'pino';
import { ownError } from '../../executor/present-errors.js';
import { SubgraphDataSource, type EngineContext } from './subgraph-data-source.js';
import type { EngineOperation, SupergraphEngine } from '../../engine/supergraph-engine.js';

type Executor = Awaited<ReturnType<ApolloGateway['load']>>['executor'];
type ExecutorRequest = Parameters<Executor>[0];

/**
 * The engine on `@apollo/gateway`'s planner and executor, without Apollo Server, its HTTP client, uplink or reports.
 * Throws when the supergraph does not load, or names a subgraph for which there is no handle.
 */
export async function loadApolloEngine(
  sdl: string,
  subgraphs: ReadonlyMap<string, SubgraphHandle>,
  log: Logger,
): Promise<SupergraphEngine> {
  // The library's one switch: without it the constructor starts a reporter to apollographql.com.
  // eslint-disable-next-line no-restricted-properties -- written for the library, not read by us
  process.env.APOLLO_TELEMETRY_DISABLED = 'true';
  const gateway = new ApolloGateway({
    supergraphSdl: sdl,
    validateSupergraph: true,
    __exposeQueryPlanExperimental: false,
    queryPlannerConfig: { exposeDocumentNodeInFetchNode: true }, // spares an in-process subgraph the parsing
    logger: quiet(log),
    buildService: ({ name }) => {
      const handle = subgraphs.get(name);
      if (!handle)
        throw new Error(`The supergraph needs subgraph "${name}", which is not among those this gateway was given.`);
      return new SubgraphDataSource(handle, log);
    },
  });
  const { schema, executor } = await gateway.load();
  return {
    schema,
    async execute(operation, request) {
      const answered = new AbortController();
      const context = { request, signal: AbortSignal.any([request.signal, answered.signal]) };
      try {
        return presentResult(await executor(executorRequest(operation, context, schema, log)), request, log);
      } finally {
        answered.abort(new Error('The operation was already answered.'));
      }
    },
    close: () => gateway.stop(),
  };
}

function executorRequest(
  { document, hash, source, operationName, variables }: EngineOperation,
  context: EngineContext,
  schema: ExecutorRequest['schema'],
  log: Logger,
): ExecutorRequest {
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName === null || definition.name?.value === operationName),
  )!; // identifyOperation found it
  return {
    request: { query: source, variables, ...(operationName !== null && { operationName }) },
    context,
    document,
    source,
    operation,
    operationName,
    queryHash: hash,
    schema,
    logger: quiet(log),
    metrics: {},
  } as unknown as ExecutorRequest; // the rest of Apollo Server's request context is not read by the executor
}

interface ApolloResult extends Omit<ExecutionResult, 'extensions'> {
  readonly extensions?: { readonly valueCompletion?: readonly GraphQLError[] };
}

/** Drops what is Apollo's own, and says in `errors` what it says elsewhere. */
function presentResult(result: ApolloResult, context: RequestContext, log: Logger): ExecutionResult {
  const { data } = result;
  const errors: GraphQLFormattedError[] = [];
  const seen = new Set<string>();
  for (const error of result.errors ?? []) {
    const shown = presentError(error, data, context, log);
    const key = JSON.stringify(shown);
    if (!seen.has(key)) errors.push(shown);
    seen.add(key);
  }
  // Apollo puts a null in a non-null place beside the errors; the GraphQL specification wants it among them (6.4.4).
  for (const { message, path } of result.extensions?.valueCompletion ?? [])
    errors.push({ message, ...(path && { path }), extensions: { code: 'INTERNAL' } });
  return {
    ...(data !== undefined && { data }),
    ...(errors.length > 0 && { errors: errors as unknown as readonly GraphQLError[] }),
  };
}

function presentError(
  error: GraphQLError,
  data: unknown,
  { requestId }: RequestContext,
  log: Logger,
): GraphQLFormattedError {
  const path = error.path && pathWithin(data, error.path);
  // Everything a subgraph said was made presentable at the data source, which named itself. The rest is the executor's.
  if (typeof error.extensions?.service !== 'string') {
    log.error({ err: error, requestId }, 'The executor failed.');
    return ownError(error, path);
  }
  const extensions = { ...error.extensions };
  delete extensions.serviceName; // Apollo's name for what is in `service`
  return { message: error.message, ...(path && { path }), extensions };
}

/** A fetch may be for fields the plan needs and the client did not ask for: the path then ends where the client's does. */
function pathWithin(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let place: unknown = data;
  for (const [depth, key] of path.entries()) {
    if (typeof place !== 'object' || place === null) return path;
    if (!Object.hasOwn(place, key)) return path.slice(0, depth);
    place = (place as Record<string | number, unknown>)[key];
  }
  return path;
}

/** What Apollo reports about its own loading is news to nobody. */
const quiet = (log: Logger) => ({
  debug: () => undefined,
  info: (message?: unknown) => log.debug(message),
  warn: (message?: unknown) => log.warn(message),
  error: (message?: unknown) => log.error(message),
});
