import { ERROR_CODES } from '@inevitable/contract';
import { isSpanContextValid, SpanKind, SpanStatusCode, trace, type Link } from '@opentelemetry/api';
import { spanContextOf, traceparentOf } from '../../observation/traceparent.js';
import type { ClaimedJob } from '../store/job-store.js';

const TRACER = 'inevitable-jobs';

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
      const own = span.spanContext();
      return await run(isSpanContextValid(own) ? traceparentOf(own) : job.trace);
    } catch (error) {
      span.setAttribute('error.type', errorTypeOf(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** What it is and never what it says: a mail server's refusal names whom the mail was for. */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? code : error.constructor.name;
}

function linksTo(traceparent: string | null): Link[] {
  const context = spanContextOf(traceparent);
  return context ? [{ context }] : [];
}
