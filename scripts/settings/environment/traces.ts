import { z } from 'zod';
import { EVERY_PART } from './readers.js';
import { settingReadBy, type SettingGroup, type SettingReference } from './setting.js';
import { httpUrl, urlWithoutLogin } from './values.js';

const traceSetting = settingReadBy(EVERY_PART);

/** What is said of spans alone goes before what is said of everything. */
const ofSpansAlone = <Schema extends z.ZodType>(
  schema: Schema,
  reference: Pick<SettingReference, 'unset' | 'example'>,
) => traceSetting(schema.optional(), { ...reference, meaning: 'the same, for spans alone' });

const collectorUrl = (url: z.ZodType<string, string>) => urlWithoutLogin(url, 'OTEL_EXPORTER_OTLP_HEADERS');

/** As OpenTelemetry writes headers and attributes: `name=value`, parted by commas, with %-escapes. */
const otlpPairs = (name: RegExp, value: RegExp) =>
  z
    .string()
    .transform((text) => readPairs(text))
    .refine(
      (pairs): pairs is Record<string, string> =>
        pairs !== null && Object.entries(pairs).every(([key, text]) => name.test(key) && value.test(text)),
      'it has to be like name=value,other=value, with %-escapes for commas and whatever else cannot stand there',
    );

function readPairs(text: string): Record<string, string> | null {
  const pairs: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const [name = '', ...value] = pair.split('=');
    if (value.length === 0) return null;
    try {
      pairs[decodeURIComponent(name.trim())] = decodeURIComponent(value.join('=').trim());
    } catch {
      return null;
    }
  }
  return pairs;
}

/** Of RFC 9110, section 5.6.2, and visible ASCII. */
const otlpHeaders = otlpPairs(/^[\w!#$%&'*+.^`|~-]+$/, /^[\x20-\x7e]*$/);
const otlpProtocol = z.literal(
  'http/protobuf',
  'only http/protobuf is spoken here, usually on port 4318 of a collector; unset it, and give OTEL_EXPORTER_OTLP_ENDPOINT that port',
);
const otlpCompression = z.enum(['none', 'gzip']);
const otlpTimeout = z.coerce.number().int().min(1).max(60_000);

export const traces = {
  title: 'Traces',
  settings: {
    OTEL_EXPORTER_OTLP_ENDPOINT: traceSetting(collectorUrl(httpUrl).optional(), {
      unset: 'nothing is recorded',
      meaning: 'a collector that takes OTLP over HTTP: spans go to `/v1/traces` below it',
      example: 'http://collector:4318',
    }),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traceSetting(collectorUrl(z.url({ protocol: /^https?$/ })).optional(), {
      unset: '`<OTEL_EXPORTER_OTLP_ENDPOINT>/v1/traces`',
      meaning: 'the same with its whole path, for spans alone',
      example: 'https://api.example.com/otlp/v1/traces',
    }),
    OTEL_EXPORTER_OTLP_HEADERS: traceSetting(otlpHeaders.optional(), {
      meaning: 'headers of each request to it, `name=value` parted by commas, %-escaped; never shown',
      example: 'authorization=Bearer%20<token>',
    }),
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: ofSpansAlone(otlpHeaders, {
      unset: '`OTEL_EXPORTER_OTLP_HEADERS`',
      example: 'x-api-key=<key>',
    }),
    OTEL_EXPORTER_OTLP_PROTOCOL: traceSetting(otlpProtocol.optional(), {
      unset: '`http/protobuf`',
      meaning: 'nothing else than `http/protobuf` is spoken; any other value stops the start',
      example: 'http/protobuf',
    }),
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: ofSpansAlone(otlpProtocol, {
      unset: '`http/protobuf`',
      example: 'http/protobuf',
    }),
    OTEL_EXPORTER_OTLP_COMPRESSION: traceSetting(otlpCompression.default('none'), {
      meaning: '`none` or `gzip`',
      example: 'gzip',
    }),
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: ofSpansAlone(otlpCompression, {
      unset: '`OTEL_EXPORTER_OTLP_COMPRESSION`',
      example: 'gzip',
    }),
    OTEL_EXPORTER_OTLP_TIMEOUT: traceSetting(otlpTimeout.default(10_000), {
      meaning: 'the longest one request to the collector may take with its retries, in milliseconds; 1 to 60000',
      example: '3000',
    }),
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: ofSpansAlone(otlpTimeout, {
      unset: '`OTEL_EXPORTER_OTLP_TIMEOUT`',
      example: '3000',
    }),
    OTEL_TRACES_SAMPLER: traceSetting(
      z
        .enum(
          ['traceidratio', 'parentbased_traceidratio'],
          'requests are sampled by their share alone; unset it, and set OTEL_TRACES_SAMPLER_ARG, which may be 0 or 1',
        )
        .optional(),
      {
        unset: '`traceidratio`',
        meaning:
          '`traceidratio` or `parentbased_traceidratio`, which are the same here: the gateway decides by the share, and what is behind it as the gateway did; any other value stops the start',
        example: 'traceidratio',
      },
    ),
    OTEL_TRACES_SAMPLER_ARG: traceSetting(z.coerce.number().min(0).max(1).default(1), {
      meaning:
        'the share of requests that are recorded, 0 to 1; where a worker starts jobs by their schedule, of those, too',
      example: '0.1',
    }),
    OTEL_SERVICE_NAME: traceSetting(z.string().min(1).max(255).optional(), {
      unset: "the part's own: `inevitable-gateway`, `inevitable-worker`, … ([services](#traces))",
      meaning: "`service.name` of the process's spans",
      example: 'graph-gateway',
    }),
    OTEL_RESOURCE_ATTRIBUTES: traceSetting(otlpPairs(/^[^\s,=]{1,255}$/, /^\P{Cc}{0,255}$/u).optional(), {
      meaning: "attributes of the process's resource, `name=value` parted by commas, %-escaped; they go before our own",
      example: 'deployment.environment.name=staging,cloud.region=eu-1',
    }),
    OTEL_SDK_DISABLED: traceSetting(z.enum(['true', 'false']).default('false'), {
      meaning: '`true`: nothing is recorded, whatever else is set',
      example: 'true',
    }),
  },
  note: 'These are the names and values of the OpenTelemetry specification; what is not listed here of its variables is not read. What is recorded, and what it costs: [traces](#traces).',
} satisfies SettingGroup;
