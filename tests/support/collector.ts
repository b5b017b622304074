import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import definitions from 'otlp-definitions/build/src/generated/root.js';

/** Of the official protobuf definitions of OTLP, what is read here. */
interface Definitions {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: { readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: MessageType } } };
    };
  };
}
interface MessageType {
  decode(bytes: Uint8Array): unknown;
  toObject(message: unknown, options: object): TracesMessage;
}
interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}
type KeyValues = readonly { readonly key: string; readonly value: Value }[];
interface TracesMessage {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes?: KeyValues };
    readonly scopeSpans: readonly { readonly spans: readonly SpanMessage[] }[];
  }[];
}
interface SpanMessage {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: KeyValues;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: string };
}

const { ExportTraceServiceRequest } = (definitions as unknown as Definitions).opentelemetry.proto.collector.trace.v1;

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** As a collector received it; ids in hexadecimal. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '': it has none. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: string;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly attributes: Attributes;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  readonly resource: Attributes;
}

export interface Collector {
  readonly url: string;
  readonly spans: ReceivedSpan[];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** All that was received but ids, which may read as anything, as JSON: for what must be nowhere in it. */
  readonly text: () => string;
  /** A status, or `hangs`: it never answers. 200 unless told. */
  behaviour: number | 'hangs';
  close(): Promise<void>;
}

const IDS = new Set(['traceId', 'spanId', 'parentSpanId']);

/** Receives spans by OTLP over HTTP, as protobuf. */
export async function startCollector(): Promise<Collector> {
  const messages: TracesMessage[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { behaviour } = collector;
      collector.requests.push({ path: request.url ?? '', headers: request.headers });
      if (behaviour === 'hangs') return;
      if (behaviour === 200) {
        const sent = Buffer.concat(chunks);
        const message = decode(request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent);
        messages.push(message);
        collector.spans.push(...spansOf(message));
      }
      response.writeHead(behaviour, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    requests: [],
    text: () => JSON.stringify(messages, (name, value: unknown) => (IDS.has(name) ? undefined : value)),
    behaviour: 200,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return collector;
}

const decode = (bytes: Buffer): TracesMessage =>
  ExportTraceServiceRequest.toObject(ExportTraceServiceRequest.decode(bytes), {
    longs: String,
    enums: String,
    bytes: String,
  });

const spansOf = ({ resourceSpans }: TracesMessage): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentId: hex(span.parentSpanId ?? ''),
        name: span.name,
        kind: span.kind.replace('SPAN_KIND_', ''),
        startNano: BigInt(span.startTimeUnixNano),
        endNano: BigInt(span.endTimeUnixNano),
        attributes: objectOf(span.attributes),
        links: (span.links ?? []).map((link) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
        isError: span.status?.code === 'STATUS_CODE_ERROR',
        resource: objectOf(resource.attributes),
      })),
  );

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

const objectOf = (pairs: KeyValues = []): Attributes =>
  Object.fromEntries(
    pairs.map(({ key, value }) => {
      const { stringValue, intValue, doubleValue, boolValue } = value;
      return [key, stringValue ?? boolValue ?? doubleValue ?? (intValue === undefined ? undefined : Number(intValue))];
    }),
  );
