import { readTraceparent, writeTraceparent } from '@inevitable/contract';
import { TraceFlags, type SpanContext } from '@opentelemetry/api';

/** The span that a `traceparent` names, in another process or in this one; null: it names none. */
export function spanContextOf(traceparent: string | null): SpanContext | null {
  const named = readTraceparent(traceparent);
  if (named === null) return null;
  const { traceId, spanId, isSampled } = named;
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  writeTraceparent({ traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) === TraceFlags.SAMPLED });
