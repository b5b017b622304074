import type { GraphQLDataSource, GraphQLDataSourceProcessOptions } from '@apollo/gateway';
import { DeadlinePassed, toErrorBody, type RequestContext, type SubgraphHandle } from '@inevitable/contract';
import {
  Kind,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type GraphQLFormattedError,
  type SelectionSetNode,
} from 'graphql';
import type { Logger } from 'pino';
import { untilAborted } from '../../background/until-aborted.js';
import { isMasked, presentSubgraphError } from '../../executor/present-errors.js';
import { shareRepresentations } from './shared-representations.js';

/** What travels through Apollo's executor beside the operation. */
export interface EngineContext {
  readonly request: RequestContext;
  /** Aborts with the request's own signal, and once the operation was answered: Apollo's executor goes on after a failure. */
  readonly signal: AbortSignal;
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
      return this.#present(await this.#ask(options, context), document, request.variables);
    } catch (error) {
      if (!context.signal.aborted || error instanceof DeadlinePassed) this.#report(error, context.request);
      const { message, extensions } = toErrorBody(error);
      const body = { message, extensions: { ...extensions, service: this.#handle.name } };
      return { errors: atConcernedFields(body, document, request.variables) as Answer['errors'] & object };
    }
  }

  async #ask(
    options: GraphQLDataSourceProcessOptions<EngineContext>,
    { request: context, signal }: EngineContext,
  ): Promise<ExecutionResult> {
    if (!signal.aborted && Date.now() >= context.deadline)
      throw new DeadlinePassed(`No time was left to ask subgraph "${this.#handle.name}".`);
    const { query = '' } = options.request;
    const document = 'document' in options ? options.document : undefined;
    // Elsewhere a variable of that name is the client's own, and its list is not ours to shorten.
    const shared = entitiesField(document) && shareRepresentations(options.request.variables ?? {});
    const variables = shared?.variables ?? options.request.variables;
    const result = await untilAborted(signal, () =>
      this.#handle.execute({ query, ...(document && { document }), ...(variables && { variables }) }, context),
    );
    // Before they are spread: one failure is one line in the log, in however many places it shows.
    for (const error of result.errors ?? []) if (isMasked(error)) this.#report(error, context);
    return shared ? shared.expand(result) : result;
  }

  #present({ data, errors }: ExecutionResult, document: DocumentNode | undefined, variables: Variables): Answer {
    // Copied, because Apollo's executor merges later fetches into what it was given, and this belongs to the subgraph.
    const copied = data === undefined || data === null ? data : (copyOf(data) as Record<string, unknown>);
    if (!errors || errors.length === 0) return { data: copied as Record<string, unknown> };
    const presented = errors.flatMap((error) => {
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
  const representations = variables?.representations;
  const entities = entitiesField(document);
  if (Array.isArray(representations) && entities) {
    const fields = [...new Set(responseNames(entities.selectionSet))];
    for (const index of representations.keys()) for (const field of fields) yield ['_entities', index, field];
  } else {
    for (const field of new Set(responseNames(operationOf(document)?.selectionSet))) yield [field];
  }
}

const operationOf = (document: DocumentNode | undefined) =>
  document?.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);

/** The one root field of a fetch of entities; undefined for any other fetch. No API schema has a field of that name. */
function entitiesField(document: DocumentNode | undefined): FieldNode | undefined {
  const first = operationOf(document)?.selectionSet.selections[0];
  return first?.kind === Kind.FIELD && first.name.value === '_entities' ? first : undefined;
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
