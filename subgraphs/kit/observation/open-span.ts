import { ERROR_CODES, toErrorBody } from '@inevitable/contract';
import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';
import { GraphQLError } from 'graphql';
import { spanContextOf } from './traceparent.js';

const TRACER = 'inevitable-subgraph';

/**
 * A span below the one that `traceparent` names. Null where nothing of that trace is recorded, or no OpenTelemetry SDK is in
 * this process. Its parent is told and never looked for: whatever finds the span that is "active" costs each promise.
 */
export function openSpan(
  name: string,
  kind: SpanKind,
  traceparent: string | null,
  attributes: Attributes = {},
): Span | null {
  const parent = spanContextOf(traceparent);
  if (parent === null || (parent.traceFlags & TraceFlags.SAMPLED) === 0) return null;
  const within = trace.setSpanContext(ROOT_CONTEXT, parent);
  const span = trace.getTracer(TRACER).startSpan(name, { kind, attributes }, within);
  return span.isRecording() ? span : null;
}

/** Ends `span` with what becomes of `work`. */
export async function withinSpan<T>(span: Span, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    failedWith(span, [codeOf(error)]);
    throw error;
  } finally {
    span.end();
  }
}

/** Says of a span which codes went out: never a message, which may hold what a caller sent. */
export function failedWith(span: Span, codes: readonly unknown[]): void {
  const known = codes.filter((code) => isKnown(code));
  const ours = known.find((code) => ERROR_CODES[code].status >= 500);
  if (codes.length > 0) span.setAttribute('error.type', ours ?? known[0] ?? '_OTHER');
  if (ours !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
}

export const codeOf = (error: unknown): unknown =>
  error instanceof GraphQLError && !error.originalError
    ? (error.extensions['code'] ?? 'BAD_USER_INPUT')
    : toErrorBody(error instanceof GraphQLError ? error.originalError : error).extensions.code;

const isKnown = (code: unknown): code is keyof typeof ERROR_CODES =>
  typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
