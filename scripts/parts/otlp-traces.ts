import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SamplesTrace, SpanMade } from '@inevitable/gateway';
import {
  isSpanContextValid,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type HrTime,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  SamplingDecision,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'pino';
import type { Settings, TracesSettings } from '../settings/settings.js';
import type { Traces } from './traces.js';

/** What more comes while these wait is not kept: a span takes about 1 KB, and a collector may be away for long. */
const MOST_WAITING = 4_096;
const BATCH = 512;
const SENT_EVERY_MS = 2_000;
/** What cannot be sent within this when a process stops is given up: nobody waits for a collector that does not answer. */
const LAST_SENT_WITHIN_MS = 3_000;
/** What a product or a library puts into a span of its own through OpenTelemetry's API. */
const LONGEST_ATTRIBUTE = 256;
const GATEWAY_SCOPE = { name: 'inevitable-gateway' };

export interface OtlpTraces extends Traces {
  /** Ends within 3 s, whatever the collector does. */
  close(): Promise<void>;
}

/** Spans of this process go to a collector, by OTLP over HTTP. From now on OpenTelemetry's API gives tracers that do, too. */
export async function otlpTraces(
  { url, headers, compression, timeoutMs, ratio, serviceName, resourceAttributes }: TracesSettings,
  { service, root, development }: Pick<Settings, 'root' | 'development'> & { readonly service: string },
  log: Logger,
): Promise<OtlpTraces> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const resource = resourceFromAttributes({
    'service.version': version,
    'service.instance.id': randomUUID(),
    'deployment.environment.name': development ? 'development' : 'production',
    'service.name': service,
    ...resourceAttributes,
    ...(serviceName !== undefined && { 'service.name': serviceName }),
  });
  const exporter = new OTLPTraceExporter({
    url,
    headers,
    timeoutMillis: timeoutMs,
    compression: compression as never, // an enum of a package that is not ours to import, with these very values
    concurrencyLimit: 2,
  });
  const told = tellingFailures(exporter, new URL(url).origin, log);
  const processor = new BatchSpanProcessor(told, {
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: SENT_EVERY_MS,
    exportTimeoutMillis: timeoutMs + 1_000, // the exporter says why it gave up, this would not
  });
  const samples = samplesByShare(ratio);
  const provider = new BasicTracerProvider({
    resource,
    sampler: asTheGatewayDid(samples),
    spanProcessors: [processor],
    spanLimits: { attributeValueLengthLimit: LONGEST_ATTRIBUTE },
  });
  trace.setGlobalTracerProvider(provider);
  return {
    samples,
    record: (span) => processor.onEnd(ended(span, resource)),
    async close() {
      trace.disable();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LAST_SENT_WITHIN_MS)));
      // Why it could not be sent is told already.
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

/**
 * By the id, so that what one gateway answers of a trace is recorded or not as a whole; and by a number that nobody outside
 * knows, because the client may choose the id: whoever knows which ids are recorded could have all it asks recorded, or none.
 */
export function samplesByShare(ratio: number): SamplesTrace {
  const drawn = randomBytes(4).readUInt32BE();
  const bound = ratio * 2 ** 32;
  return (traceId) => {
    // The last step of MurmurHash3, by which each bit of the id changes half of the bits of what is compared.
    let hash = parseInt(traceId.slice(0, 8), 16) ^ parseInt(traceId.slice(24), 16) ^ drawn;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0 < bound;
  };
}

/** What has a parent is recorded where that is; a job, where what enqueued it was; what nobody asked for, by the share. */
const asTheGatewayDid = (samples: SamplesTrace): Sampler => ({
  shouldSample(context, traceId, _name, _kind, _attributes, links) {
    const before = trace.getSpanContext(context) ?? links[0]?.context;
    const isSampled =
      before && isSpanContextValid(before) ? (before.traceFlags & TraceFlags.SAMPLED) !== 0 : samples(traceId);
    return { decision: isSampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
  },
  toString: () => 'AsTheGatewayDid',
});

/** One line when spans can no longer be sent, and one when they can again. */
function tellingFailures(exporter: SpanExporter, collector: string, log: Logger): SpanExporter {
  let lost = 0;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0; // ExportResultCode.SUCCESS
        if (failed && lost === 0)
          log.warn({ collector, reason: reasonOf(result.error) }, 'spans cannot be sent; what is recorded is lost');
        if (!failed && lost > 0) log.warn({ collector, lost }, 'spans are sent again');
        lost = failed ? lost + spans.length : 0;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** Its status where it answered: what it said beside that may repeat what was sent. */
function reasonOf(error: Error | undefined): string {
  const { code, message = 'unknown' } = (error ?? {}) as { code?: unknown; message?: string };
  return typeof code === 'number' ? `it answered ${code}` : message || String(code);
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** As an SDK would have made it. Its ids are known already: others name them as their parent. */
function ended(span: SpanMade, resource: Resource): ReadableSpan {
  const { name, kind, traceId, spanId, parentId, startMs, durationMs, attributes, isError } = span;
  const spanContext: SpanContext = { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => spanContext,
    ...(parentId !== null && {
      parentSpanContext: { traceId, spanId: parentId, traceFlags: TraceFlags.SAMPLED, isRemote: kind === 'server' },
    }),
    startTime: hrTime(startMs),
    endTime: hrTime(startMs + durationMs),
    duration: hrTime(durationMs),
    status: { code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: GATEWAY_SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Whole seconds, and nanoseconds beside them. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.floor((ms - seconds * 1_000) * 1e6)];
}
