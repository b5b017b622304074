import {
  ERROR_CODES,
  ready,
  toErrorBody,
  type ErrorBody,
  type RequestContext,
  type SubgraphHandle,
  requestInLog,
} from '@inevitable/contract';
import { execute, parse, type DocumentNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { refusalLimit } from '../audit/refusal-limit.js';
import { routeRecorder } from '../audit/route-recorder.js';
import { denialsTeller } from '../security/tell-denials.js';
import { securityEvents } from '../security/security-events.js';
import type { SubgraphDeclaration } from './define-subgraph.js';
import { executableSchema } from './executable-schema.js';
import { routeMatcher } from './match-route.js';
import { openSubscription } from './open-subscription.js';
import { presentResult } from './present-errors.js';
import { codeOf, failedWith } from '../observation/open-span.js';
import { outcomeOf, outcomeOfStatus, type ProductOutcome, type ProductWork } from '../observation/product-metrics.js';
import { operationTypeOf, traceOperation, traceRoute } from '../observation/trace-operations.js';
import { tenantWork } from '../outbox/outbox.js';
import {
  productContext,
  type HostedResources,
  type ProductContext,
  type ProductResources,
  type RouteContext,
} from './product-context.js';

/** A subgraph loaded in this process: called directly, or served by `serveSubgraph`. */
export interface HostedSubgraph extends SubgraphHandle {
  readonly declaration: SubgraphDeclaration;
  readonly schema: GraphQLSchema;
  contextFor(request: RequestContext): ProductContext;
  /** For whoever executes `schema` without `execute`: what an operation was denied is a security event. */
  tellDenials(errors: readonly GraphQLError[], context: RequestContext): void;
  /** Likewise: what was begun then, by `performance.now()`, was answered. */
  tellAnswered(type: ProductWork['type'], outcome: ProductOutcome, beganAt: number): void;
  /** True for a route that answers without the gateway's context. */
  isOpenRoute(method: string, path: string): boolean;
}

/** The gateway sends each subgraph a bounded set of documents; this many stay parsed. */
const PARSED_DOCUMENTS = 1_000;

/**
 * Loads a declaration; throws when its schema, resolvers and public fields do not fit together. Has `subscribe` where the
 * schema has subscriptions.
 */
export function hostSubgraph(declaration: SubgraphDeclaration, given: ProductResources): HostedSubgraph {
  const { database, log, securityEvent = securityEvents(log), observer } = given;
  const product = declaration.name;
  if (database) observer?.opened(database);
  const tellAnswered: HostedSubgraph['tellAnswered'] = (type, outcome, beganAt) =>
    observer?.answered({ product, type, outcome, durationMs: performance.now() - beganAt });
  const tellDenials = denialsTeller(declaration.name, securityEvent);
  const resources: HostedResources = { ...given, product: declaration.name, tellDenials };
  const refusals = refusalLimit();
  const schema = executableSchema(declaration, database, refusals);
  const matchRoute = routeMatcher(declaration);
  const recordRoute = routeRecorder(declaration, database, refusals);
  const documents = new LRUCache<string, DocumentNode>({ max: PARSED_DOCUMENTS });

  const parsed = (query: string): DocumentNode => {
    const known = documents.get(query);
    if (known) return known;
    const document = parse(query, { noLocation: true });
    documents.set(query, document);
    return document;
  };

  const routeContext = (request: RequestContext): RouteContext => {
    const context = productContext(request, resources);
    const transaction: RouteContext['transaction'] = (work) => {
      if (!database) throw new Error(`"${declaration.name}" declares no database.`);
      return database.transaction(context.tenant?.id ?? null, (handle) =>
        work(tenantWork(handle, context, declaration.events ?? [])),
      );
    };
    return Object.freeze(Object.create(context, { transaction: { value: transaction } })) as RouteContext;
  };

  const answer = async (request: Request, context: RequestContext): Promise<Response> => {
    const route = matchRoute(request.method, new URL(request.url).pathname);
    if (!route) return errorResponse({ code: 'NOT_FOUND' }, 'No such page.');
    const { span, context: within } = traceRoute(declaration.name, request.method, route.pattern, context);
    const beganAt = performance.now();
    try {
      const response = await recordRoute(route.pattern, routeContext(within), (product) =>
        route.handle(request, product, route.params),
      );
      span?.setAttribute('http.response.status_code', response.status);
      tellAnswered('route', outcomeOfStatus(response.status), beganAt);
      return response;
    } catch (error) {
      tellDenials([error], context);
      if (span) failedWith(span, [codeOf(error)]);
      const { message, extensions } = toErrorBody(error);
      tellAnswered('route', outcomeOf([extensions.code]), beganAt);
      if (ERROR_CODES[extensions.code].status >= 500) {
        log.error({ ...requestInLog(context), route: route.pattern, err: error }, 'a route failed');
      }
      return errorResponse(extensions, message);
    } finally {
      span?.end();
    }
  };

  return {
    name: declaration.name,
    declaration,
    schema,
    contextFor: (request) => productContext(request, resources),
    tellDenials,
    tellAnswered,
    isOpenRoute: (method, path) => matchRoute(method, path)?.isOpen ?? false,

    // Not validated: the gateway's planner wrote it from this very schema. Over HTTP Apollo Server validates.
    async execute({ query, document, operationName, variables }, request) {
      const { span, context } = traceOperation(declaration.name, query, request);
      const beganAt = observer ? performance.now() : 0;
      try {
        const result = await execute({
          schema,
          document: document ?? parsed(query),
          operationName: operationName ?? null,
          variableValues: variables ?? null,
          contextValue: productContext(context, resources),
        });
        const presented = presentResult(result, request, resources);
        const codes = presented.errors?.map(({ extensions }) => extensions['code']) ?? [];
        if (span) failedWith(span, codes);
        if (observer) tellAnswered(operationTypeOf(query), outcomeOf(codes), beganAt);
        return presented;
      } finally {
        span?.end();
      }
    },

    ...(schema.getSubscriptionType() && {
      subscribe: async ({ query, document, operationName, variables, lastEventId }, request) =>
        openSubscription(
          { schema, resources, document: document ?? parsed(query), operationName, variables, lastEventId },
          request,
        ),
    }),

    async fetch(request, context) {
      const response = await answer(request, context);
      return request.method === 'HEAD' ? withoutBody(response) : response;
    },

    health: async () => {
      const state = await (database?.health() ?? ready(declaration.name));
      return { ...state, name: declaration.name };
    },
  };
}

/** `{ error: { code, message, … } }`, with the details that a GraphQL error has in its `extensions`. */
const errorResponse = (extensions: ErrorBody['extensions'], message: string): Response =>
  Response.json(
    { error: { ...extensions, message } },
    { status: ERROR_CODES[extensions.code].status, headers: whenToComeBack(extensions) },
  );

/** For whoever reads headers alone (RFC 9110, section 10.2.3): an error may carry `retryAfterSeconds`. */
const whenToComeBack = ({ retryAfterSeconds }: ErrorBody['extensions']): Record<string, string> =>
  typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {};

/** What a route for GET says beside its body, which is not read. */
function withoutBody(response: Response): Response {
  void response.body?.cancel().catch(() => undefined);
  const { status, statusText, headers } = response;
  return new Response(null, { status, statusText, headers });
}
