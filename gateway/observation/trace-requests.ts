import { ERROR_CODES, type ErrorCode } from '@inevitable/contract';
import type { FetchMade } from '../executor/run-plan.js';
import type { GatewayExtension } from '../extensions/gateway-extension.js';
import type { RequestSeen } from '../extensions/request-seen.js';
import { GRAPHQL_PATH } from '../routing/graphql-endpoint.js';
import { spanWithin } from '../routing/trace-context.js';

/** A span that has ended (OpenTelemetry), before anybody has made one of an SDK's of it. */
export interface SpanMade {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  /** 32 hexadecimal digits; the other ids have 16. */
  readonly traceId: string;
  readonly spanId: string;
  /** Null: the trace begins with it. */
  readonly parentId: string | null;
  /** Epoch milliseconds, with a fraction. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Names by OpenTelemetry's semantic conventions, and below `stack.` ours. */
  readonly attributes: SpanAttributes;
  /** It failed, and not by a mistake of its caller's. */
  readonly isError: boolean;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;
export type RecordSpan = (span: SpanMade) => void;

/** As documents may name them, they have no limit. */
const LONGEST_NAME = 100;

/**
 * Tells of each request whose trace is recorded when it has ended: a span of its own, one of its planning where somebody had
 * to plan, and one of each request to a subgraph. A subscription is one span, and its events are none. Nothing of it is
 * what somebody wrote into a document, a variable or a header, but for the operation's name and the request's id.
 */
export const traceRequests = (record: RecordSpan): GatewayExtension => ({
  name: 'trace-requests',
  contract: 1,
  onRequestEnd(request) {
    if (!request.trace.isRecorded) return;
    const { planningAfterMs, fetchingAfterMs, durationMs } = request;
    record(ofRequest(request));
    if (planningAfterMs !== null) record(ofPlanning(request, planningAfterMs, fetchingAfterMs ?? durationMs));
    for (const fetch of request.fetches)
      if (fetch.spanId !== undefined) record(ofFetch(request, fetch, fetch.spanId, fetchingAfterMs ?? 0));
  },
});

function ofRequest(request: RequestSeen): SpanMade {
  const { route, product, method, requestId, trace, startedAt, durationMs, outcome, status, codes } = request;
  const { operation, context, responseBytes, payloads, planKnown } = request;
  const tenant = context?.tenant;
  const operationName = operation?.operationName?.slice(0, LONGEST_NAME);
  const errorType = codes.length > 0 ? errorTypeOf(codes) : outcome === 'failed' ? String(status ?? OTHER) : null;
  return {
    name: nameOf(request, operationName),
    kind: 'server',
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentId: trace.parentId,
    startMs: startedAt,
    durationMs,
    attributes: {
      'stack.route': route,
      'stack.request.id': requestId,
      'stack.outcome': outcome,
      ...(method !== null && { 'http.request.method': method }),
      ...(status !== null && { 'http.response.status_code': status }),
      ...(responseBytes !== null && { 'http.response.body.size': responseBytes }),
      ...((route === 'graphql' || route === 'websocket') && { 'url.path': GRAPHQL_PATH }),
      ...(product !== null && { 'stack.product': product }),
      ...(operation && {
        'graphql.operation.type': operation.definition.operation,
        'graphql.document.hash': operation.hash,
      }),
      ...(operationName !== undefined && { 'graphql.operation.name': operationName }),
      ...(planKnown !== null && { 'stack.plan.known': planKnown }),
      ...(payloads > 0 && { 'stack.payloads': payloads }),
      ...(context && { 'stack.caller.kind': context.caller.kind }),
      ...(tenant && { 'stack.tenant.id': tenant.id }),
      ...(errorType !== null && { 'error.type': errorType }),
    },
    isError: outcome === 'failed' || (outcome === 'errors' && codes.some(isOurs)),
  };
}

function nameOf({ route, method, product, operation }: RequestSeen, operationName: string | undefined): string {
  if (operation) {
    const { operation: type } = operation.definition;
    return operationName === undefined ? type : `${type} ${operationName}`;
  }
  if (route === 'websocket') return `${GRAPHQL_PATH} by WebSocket`;
  return route === 'graphql' ? `${method} ${GRAPHQL_PATH}` : product === null ? method! : `${method} ${product}`;
}

const ofPlanning = ({ trace, startedAt }: RequestSeen, beganAfterMs: number, endedAfterMs: number): SpanMade => ({
  name: 'plan',
  kind: 'internal',
  traceId: trace.traceId,
  spanId: spanWithin(trace).spanId,
  parentId: trace.spanId,
  startMs: startedAt + beganAfterMs,
  durationMs: endedAfterMs - beganAfterMs,
  attributes: {},
  isError: false,
});

function ofFetch(
  { trace, startedAt }: RequestSeen,
  { subgraph, startMs, durationMs, requestBytes, responseBytes, places, entities, shared, failed }: FetchMade,
  spanId: string,
  fetchingAfterMs: number,
): SpanMade {
  return {
    name: `subgraph ${subgraph}`,
    kind: 'client',
    traceId: trace.traceId,
    spanId,
    parentId: trace.spanId,
    startMs: startedAt + fetchingAfterMs + startMs,
    durationMs,
    attributes: {
      'stack.subgraph': subgraph,
      'stack.fetch.places': places,
      'stack.fetch.entities': entities,
      'stack.fetch.shared': shared,
      'http.request.body.size': requestBytes,
      ...(responseBytes !== null && { 'http.response.body.size': responseBytes }),
      ...(failed && { 'error.type': OTHER }),
    },
    isError: failed,
  };
}

/** What the semantic conventions call an error of a kind that nobody knows: a subgraph may give any text as its code. */
const OTHER = '_OTHER';

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CODES, code);
const isOurs = (code: string): boolean => isKnown(code) && ERROR_CODES[code].status >= 500;
const errorTypeOf = (codes: readonly string[]): string => codes.find(isOurs) ?? codes.find(isKnown) ?? OTHER;
