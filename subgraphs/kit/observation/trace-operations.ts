import { withTrace, type RequestContext } from '@inevitable/contract';
import { SpanKind, type Span } from '@opentelemetry/api';
import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import type { ProductContext } from '../subgraph/product-context.js';
import { openSpan, withinSpan } from './open-span.js';
import { traceparentOf } from './traceparent.js';

/** One operation of a subgraph, or one request to a route of its product. */
export interface TracedRequest {
  /** Null: nothing is recorded. */
  readonly span: Span | null;
  /** With which it goes on: what it asks for, writes and enqueues belongs to its span. */
  readonly context: RequestContext;
}

type OperationType = 'query' | 'mutation' | 'subscription';

const OPERATION_TYPE = /^\s*(query|mutation|subscription)\b/;

/** What the document begins with; one that begins with a fragment, which no gateway sends, is taken for a query. */
export const operationTypeOf = (query: unknown): OperationType =>
  (OPERATION_TYPE.exec(typeof query === 'string' ? query : '')?.[1] ?? 'query') as OperationType; // of the expression's

export function traceOperation(subgraph: string, query: unknown, request: RequestContext): TracedRequest {
  const type = operationTypeOf(query);
  const attributes = { 'graphql.operation.type': type, 'stack.subgraph': subgraph };
  return traced(openSpan(`${type} ${subgraph}`, SpanKind.SERVER, request.trace, attributes), request);
}

/** `pattern`: with its method, that is GET for a HEAD request, too. */
export function traceRoute(subgraph: string, method: string, pattern: string, request: RequestContext): TracedRequest {
  const attributes = {
    'http.request.method': method,
    'http.route': pattern.slice(pattern.indexOf(' ') + 1),
    'stack.subgraph': subgraph,
  };
  return traced(openSpan(pattern, SpanKind.SERVER, request.trace, attributes), request);
}

const traced = (span: Span | null, request: RequestContext): TracedRequest => ({
  span,
  context: span ? withTrace(request, traceparentOf(span.spanContext())) : request,
});

/** A span of each root field of an operation that is recorded: of a mutation's, with its transaction. */
export function traceRootFields(schema: GraphQLSchema): void {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const resolve = field.resolve ?? defaultFieldResolver;
      const name = `${type!.name}.${field.name}`;
      field.resolve = (parent, args, context: ProductContext, info) => {
        const span = openSpan(name, SpanKind.INTERNAL, context.trace);
        const run = (): unknown => resolve(parent, args, context, info);
        return span ? withinSpan(span, run) : run();
      };
    }
  }
}
