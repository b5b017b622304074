import {
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Link,
  type SpanContext,
} from '@opentelemetry/api';
import type { ClaimedJob } from '../store/job-store.js';

const TRACER = 'inevitable-jobs';
/** W3C Trace Context, section 3.2: version, trace id, parent id, flags. */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/**
 * A span for each run, linked to the request that enqueued the job: that one may have ended long ago, so it is not the
 * parent. `run` gets the traceparent to go on with: the run's own, or the request's where no OpenTelemetry SDK is in
 * the process; then nothing is recorded either.
 */
export function tracedRun<T>(job: ClaimedJob, run: (traceparent: string | null) => Promise<T>): Promise<T> {
  const options = {
    kind: SpanKind.CONSUMER,
    root: true,
    links: linksTo(job.trace),
    attributes: {
      'messaging.system': 'inevitable-jobs',
      'messaging.operation.type': 'process',
      'messaging.destination.name': job.name,
      'messaging.message.id': job.id,
      'messaging.message.conversation_id': job.correlationId,
      'stack.job.attempt': job.attempt,
      'stack.job.start_delay_ms': job.delayMs,
      ...(job.schedule !== null && { 'stack.job.schedule': job.schedule }),
    },
  };
  return trace.getTracer(TRACER).startActiveSpan(`job ${job.name}`, options, async (span) => {
    try {
      return await run(traceparentOf(span.spanContext()) ?? job.trace);
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      span.recordException(reason);
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(reason.message) });
      throw error;
    } finally {
      span.end();
    }
  });
}

const traceparentOf = (span: SpanContext): string | null =>
  isSpanContextValid(span)
    ? `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
    : null;

function linksTo(traceparent: string | null): Link[] {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return [];
  const traceFlags = parseInt(flags, 16) & TraceFlags.SAMPLED;
  const spanContext = { traceId, spanId, traceFlags, isRemote: true };
  return isSpanContextValid(spanContext) ? [{ context: spanContext }] : [];
}
