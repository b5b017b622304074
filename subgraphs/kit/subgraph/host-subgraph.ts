import {
  ERROR_CODES,
  ready,
  toErrorBody,
  type ErrorBody,
  type RequestContext,
  type SubgraphHandle,
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
  const { database, log, securityEvent = securityEvents(log) } = given;
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
    try {
      return await recordRoute(route.pattern, routeContext(context), (product) =>
        route.handle(request, product, route.params),
      );
    } catch (error) {
      tellDenials([error], context);
      const { message, extensions } = toErrorBody(error);
      if (ERROR_CODES[extensions.code].status >= 500) {
        log.error({ requestId: context.requestId, route: new URL(request.url).pathname, err: error }, 'a route failed');
      }
      return errorResponse(extensions, message);
    }
  };

  return {
    name: declaration.name,
    declaration,
    schema,
    contextFor: (request) => productContext(request, resources),
    tellDenials,
    isOpenRoute: (method, path) => matchRoute(method, path)?.isOpen ?? false,

    // Not validated: the gateway's planner wrote it from this very schema. Over HTTP Apollo Server validates.
    async execute({ query, document, operationName, variables }, request) {
      const result = await execute({
        schema,
        document: document ?? parsed(query),
        operationName: operationName ?? null,
        variableValues: variables ?? null,
        contextValue: productContext(request, resources),
      });
      return presentResult(result, request, resources);
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
