import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { DeadlinePassed, toErrorBody, type RequestContext, type SubgraphHandle } from '@inevitable/contract';
import {
  Kind,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLFormattedError,
  type SelectionSetNode,
} from 'graphql';
import type { Logger } from 'pino';
import { isMasked, presentSubgraphError } from './present-errors.js';
import { shareRepresentations } from './shared-representations.js';

/** What travels through Apollo's executor beside the operation. */
export interface EngineContext {
  readonly request: RequestContext;
}

type Answer = Awaited<ReturnType<GraphQLDataSource['process']>>;
type Path = readonly (string | number)[];

/** More errors of one failed fetch say nothing new to anybody. */
const MOST_ERRORS_PER_FETCH = 100;

/** Apollo's executor asks it, it asks our handle. Never throws: a failed fetch is errors at the fields it was for. */
export class SubgraphDataSource implements GraphQLDataSource<EngineContext> {
  readonly #handle: SubgraphHandle;
  readonly #log: Logger;

  constructor(handle: SubgraphHandle, log: Logger) {
    this.#handle = handle;
    this.#log = log;
  }

  async process(options: GraphQLDataSourceProcessOptions<EngineContext>): Promise<Answer> {
    if (options.kind !== 'incoming operation')
      throw new Error(`The gateway asks subgraphs for answers only, not for "${options.kind}".`);
    const { document, request, context } = options;
    try {
      return this.#present(await this.#ask(options, context.request), document, request.variables, context.request);
    } catch (error) {
      if (!context.request.signal.aborted || error instanceof DeadlinePassed) this.#report(error, context.request);
      const { message, extensions } = toErrorBody(error);
      const body = { message, extensions: { ...extensions, service: this.#handle.name } };
      return { errors: atConcernedFields(body, document, request.variables) as Answer['errors'] & object };
    }
  }

  async #ask(
    options: GraphQLDataSourceProcessOptions<EngineContext>,
    context: RequestContext,
  ): Promise<ExecutionResult> {
    if (!context.signal.aborted && Date.now() >= context.deadline)
      throw new DeadlinePassed(`No time was left to ask subgraph "${this.#handle.name}".`);
    const { query = '' } = options.request;
    const shared = shareRepresentations(options.request.variables ?? {});
    const variables = shared?.variables ?? options.request.variables;
    const document = 'document' in options ? options.document : undefined;
    const result = await untilAborted(context.signal, () =>
      this.#handle.execute({ query, ...(document && { document }), ...(variables && { variables }) }, context),
    );
    return shared?.expand(result) ?? result;
  }

  #present(
    { data, errors }: ExecutionResult,
    document: DocumentNode | undefined,
    variables: Variables,
    context: RequestContext,
  ): Answer {
    // Copied, because Apollo's executor merges later fetches into what it was given, and this belongs to the subgraph.
    const copied = data === undefined || data === null ? data : (copyOf(data) as Record<string, unknown>);
    if (!errors || errors.length === 0) return { data: copied as Record<string, unknown> };
    const presented = errors.flatMap((error) => {
      if (isMasked(error)) this.#report(error, context);
      const shown = presentSubgraphError(error, this.#handle.name);
      return error.path ? [{ ...shown, path: error.path }] : atConcernedFields(shown, document, variables);
    });
    return { ...(copied && { data: copied }), errors: presented };
  }

  #report(error: unknown, { requestId }: RequestContext): void {
    this.#log.error({ err: error, requestId, subgraph: this.#handle.name }, 'A subgraph failed.');
  }
}

type Variables = Readonly<Record<string, unknown>> | undefined;

/** Starts `work` unless it is too late, and stops waiting for it when the signal aborts. */
function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', leave));
  });
}

/** The error once for every field this fetch was for: of each entity, or of the root. */
function atConcernedFields(
  error: GraphQLFormattedError,
  document: DocumentNode | undefined,
  variables: Variables,
): GraphQLFormattedError[] {
  const paths = document ? [...concernedPaths(document, variables)].slice(0, MOST_ERRORS_PER_FETCH) : [];
  return paths.length > 0 ? paths.map((path) => ({ ...error, path })) : [error];
}

function* concernedPaths(document: DocumentNode, variables: Variables): Iterable<Path> {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) return;
  const representations = variables?.representations;
  const entities = operation.selectionSet.selections[0];
  if (Array.isArray(representations) && entities?.kind === Kind.FIELD && entities.name.value === '_entities') {
    const fields = [...new Set(responseNames(entities.selectionSet))];
    for (const index of representations.keys()) for (const field of fields) yield ['_entities', index, field];
  } else {
    for (const field of new Set(responseNames(operation.selectionSet))) yield [field];
  }
}

function* responseNames(selectionSet: SelectionSetNode | undefined): Iterable<string> {
  for (const selection of selectionSet?.selections ?? []) {
    if (selection.kind === Kind.INLINE_FRAGMENT) yield* responseNames(selection.selectionSet);
    else if (selection.kind === Kind.FIELD && selection.name.value !== '__typename')
      yield selection.alias?.value ?? selection.name.value;
  }
}

/** As it would arrive over HTTP; a `JSON` scalar may be any object of the resolver's. */
function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf);
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyOf(value.toJSON());
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) copy[key] = copyOf((value as Record<string, unknown>)[key]);
  return copy;
}
