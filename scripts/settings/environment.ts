import { z } from 'zod';
import { canonicalRange } from '@inevitable/contract';
import { readCorsRule, type CorsRule } from '@inevitable/gateway/cors';

/** What an operator reads of a setting: docs/operations.md is made of it, in Markdown. */
export interface SettingReference {
  /** Parts and commands of `stack`. */
  readonly readBy: string;
  readonly meaning: string;
  /** A value. */
  readonly example: string;
  /** What holds without it, where that is no default of its schema. */
  readonly unset?: string;
}

export const references = z.registry<SettingReference>();

function setting<Schema extends z.ZodType>(schema: Schema, reference: SettingReference): Schema {
  references.add(schema, reference);
  return schema;
}

const port = z.coerce.number().int().min(0).max(65_535);
const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
const namesNobody = (url: string): boolean => !new URL(url).username && !new URL(url).password;
const deploymentContext = z.enum(['internal', 'customer']);
/** Not `z.url`: one that names several hosts is no URL. The driver reads the rest. */
const mongodbUri = z
  .string()
  .regex(
    /^mongodb(\+srv)?:\/\/([^/\s]*@)?[^/?@\s]+(\/[^?\s]*)?(\?\S*)?$/,
    'it has to be like mongodb://user:password@host/database',
  );
const natsUrl = z.url({ protocol: /^(nats|tls)$/, hostname: /./ });
const redisUrl = z
  .url({ protocol: /^rediss?$/, hostname: /./ })
  .refine((url) => /^\/?\d*$/.test(new URL(url).pathname), 'its path has to be the number of a database');
const smtpUrl = z.url({ protocol: /^smtps?$/, hostname: /./ });
const sender = z
  .string()
  .regex(
    /^(?:[^<>"\p{Cc}]+ <[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+>|[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+)$/u,
    'it has to be like stack@example.com, or Our Stack <stack@example.com>',
  );

/** Of what goes into the headers of a request, which take no line break and nothing beyond ASCII. */
const headerText = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'it holds a space, a line break or another character that a request cannot');
const s3Bucket = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/,
    'a bucket is named in 2 to 255 letters, digits, ".", "_" and "-", and begins with a letter or a digit',
  );
/** As S3's library judges it: part of a host name (RFC 1123, section 2.1). */
const s3Region = z
  .string()
  .regex(
    /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/,
    'a region is named in 1 to 63 letters, digits and "-", and neither begins nor ends with "-"',
  );
/** Judged before a URL is read, which drops line breaks in silence. */
const plainText = z.string().regex(/^\P{Cc}+$/u, 'it holds a line break or another control character');

const placeOfLines = z.string().transform((text) => (/^\d{1,4}$/.test(text) ? Number(text) : text));

/** A balancer that asks every second or two, and believes the second or third failure, has noticed by then. */
export const STOP_DELAY_SECONDS = 5;

export const DEFAULT_S3_REGION = 'us-east-1';

/** Addresses and ranges of them, parted by commas. */
const ipRangeList = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .refine(
    (ranges) => ranges.every((range) => canonicalRange(range) !== null),
    'it has to be IP addresses and ranges of them, like 10.0.0.0/8, parted by commas',
  );

const corsRules = z
  .string()
  .transform((text) => text.split(',').map((one) => readCorsRule(one.trim())))
  .refine(
    (rules): rules is CorsRule[] => rules.every((rule) => rule !== null),
    'it has to be origins like https://app.example.com or https://*.example.com, or host=origin, parted by commas',
  );

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
const LOGIN_IN_HEADERS = 'it holds a login, which belongs into OTEL_EXPORTER_OTLP_HEADERS';

const EVERY_PART = 'every part';
const GATEWAY = 'gateway, one process';
/** Commands that work on identity's database. */
const OPERATORS = '`keys`, `audit`, `tenant`, `user`, `mails`, `token`, `<product> <command>`';
const WHOEVER_KEEPS_FILES =
  'subgraphs, worker, identity, operations, one process, `<product> <command>`, `tenant export` and `left`';
const WHOEVER_RUNS_JOBS = 'worker, identity, operations, one process';

const everyPart = {
  HOST: setting(z.string().min(1).default('127.0.0.1'), {
    readBy: 'whatever listens',
    meaning: 'the address to listen on',
    example: '0.0.0.0',
  }),
  PORT: setting(port.optional(), {
    unset: "the part's own ([ports](deploying.md#separate-processes))",
    readBy: 'whatever listens',
    meaning: 'the port to listen on; 0 to 65535. A worker serves its health only where `PORT` is set',
    example: '9090',
  }),
  METRICS_PORT: setting(port.optional(), {
    readBy: 'every part but `stack dev`',
    meaning:
      'where `GET /metrics` answers Prometheus, on `HOST`; several parts on one machine need one each ([metrics](#metrics))',
    example: '9464',
  }),
  DATA_DIR: setting(z.string().min(1).default('.data'), {
    readBy: `${EVERY_PART}, \`migrate\`, ${OPERATORS}`,
    meaning:
      'secrets, service credentials, the embedded database and, unless told otherwise, files; a relative path starts at the root of the clone ([what is in it](deploying.md#the-data-directory))',
    example: '/var/lib/stack',
  }),
  NODE_ENV: setting(z.enum(['development', 'test', 'production']).default('development'), {
    readBy: EVERY_PART,
    meaning:
      '`development`, `test` or `production`. `production` means no demo, and changes the default of `DEPLOYMENT_CONTEXT`',
    example: 'production',
  }),
  DEPLOYMENT_CONTEXT: setting(deploymentContext.optional(), {
    unset: '`internal`; `customer` where `NODE_ENV` is `production`',
    readBy: EVERY_PART,
    meaning:
      '`internal` or `customer` ([contexts](deploying.md#deployment-contexts)). `customer`: no demo users, no start where an earlier one left some, and a `STACK_SECRET` that cannot be guessed must be set. `STACK_DEMO_PASSWORD` must not be set there',
    example: 'customer',
  }),
  LOG_LEVEL: setting(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'), {
    readBy: `${EVERY_PART}, \`token\``,
    meaning:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; the log is JSON on standard error ([logs](#logs))',
    example: 'info',
  }),
  SECURITY_LOG: setting(placeOfLines.optional(), {
    unset: 'they are lines of the log',
    readBy: `${EVERY_PART} but the worker, ${OPERATORS}`,
    meaning:
      'where [security events](#security-events) are written in place of the log, all of them whatever `LOG_LEVEL` is: a file, to whose end they are added, or the number of a descriptor that the process was started with. With a file, `SIGHUP` stops nothing, and begins a new file of the name',
    example: '/var/log/stack/security.log',
  }),
  STOP_DELAY_SECONDS: setting(z.coerce.number().min(0).max(15).optional(), {
    unset: `\`${STOP_DELAY_SECONDS}\`; \`0\` in development`,
    readBy: 'gateway, subgraphs, identity, operations, one process',
    meaning:
      'how long a part that was told to stop still takes requests while `/ready` says 503, so that a balancer has noticed when it no longer does: its interval times its failures, and a second; 0 to 15 ([stopping](#stopping))',
    example: '10',
  }),
  SUPERGRAPH_CONFIG: setting(z.string().min(1).default('supergraph.yaml'), {
    readBy: `${EVERY_PART}, \`compose\`, \`migrate\`, ${OPERATORS}`,
    meaning: 'the supergraph configuration; a relative path starts at the root of the clone',
    example: 'prod.yaml',
  }),
};

const theGateway = {
  SUPERGRAPH_SOURCE: setting(z.enum(['registry', 'files']).default('registry'), {
    readBy: GATEWAY,
    meaning:
      '`registry`: the supergraph that was published last is served, and followed; where nothing was published, what `SUPERGRAPH_CONFIG` composes to. `files`: always what it composes to',
    example: 'files',
  }),
  TRUSTED_PROXIES: setting(ipRangeList.optional(), {
    readBy: GATEWAY,
    meaning:
      'our own proxies in front of the gateway: addresses and ranges of them, parted by commas. The address of a client, which limits on sign-ins and on API keys go by, is that of the connection; where a trusted proxy made it, the last hop in its `X-Forwarded-For` that is no trusted proxy',
    example: '10.0.0.0/8,2001:db8::1',
  }),
  HTTPS: setting(z.enum(['required', 'optional']).optional(), {
    unset: '`optional`; `required` where `NODE_ENV` is `production` or `DEPLOYMENT_CONTEXT` is `customer`',
    readBy: GATEWAY,
    meaning:
      "`required`: a page that is asked for in the clear is redirected to https, everything else is refused, but for `/live`, `/ready` and `/health`; answers say `Strict-Transport-Security`. What came by https is known by the gateway's own certificate, or by `X-Forwarded-Proto` of a trusted proxy",
    example: 'required',
  }),
  TLS_CERT_FILE: setting(z.string().min(1).optional(), {
    readBy: GATEWAY,
    meaning:
      "the gateway's own certificate with its chain, as a PEM file; a renewed one is served within a minute. Unset where a proxy has the certificate. Together with `TLS_KEY_FILE`",
    example: '/etc/tls/tls.crt',
  }),
  TLS_KEY_FILE: setting(z.string().min(1).optional(), {
    readBy: GATEWAY,
    meaning: 'its private key, as a PEM file',
    example: '/etc/tls/tls.key',
  }),
  CORS_ORIGINS: setting(corsRules.optional(), {
    readBy: GATEWAY,
    meaning:
      'origins whose pages may read answers, parted by commas: `https://app.example.com`, `https://*.example.com`, or `*` for all of them, which then send no cookies. `host=origin` counts for requests to that host alone, which may be `*.example.com`',
    example: 'https://app.example.com,platformforge.ai=https://app.platformforge.ai',
  }),
  SUBSCRIPTION_SLOW_CONSUMER: setting(z.enum(['close', 'drop']).default('close'), {
    readBy: GATEWAY,
    meaning:
      'a subscriber who reads more slowly than events come: `close` sends it away with `SLOW_CONSUMER`, `drop` lets it miss events and says so with the next',
    example: 'drop',
  }),
  INTROSPECTION: setting(z.enum(['everybody', 'signed-in', 'administrators', 'nobody']).optional(), {
    unset: '`everybody`; `administrators` where `DEPLOYMENT_CONTEXT` is `customer`',
    readBy: GATEWAY,
    meaning:
      'who may ask the gateway for the schema: `everybody`, `signed-in`, `administrators` of the platform, or `nobody`; see [protection.md](protection.md#introspection)',
    example: 'signed-in',
  }),
  REQUEST_LOG: setting(z.enum(['all', 'problems', 'off']).optional(), {
    unset: '`off`; `all` where `NODE_ENV` is `production` or `DEPLOYMENT_CONTEXT` is `customer`',
    readBy: GATEWAY,
    meaning:
      '[a line of the log](#a-line-for-each-request) for each request, whatever `LOG_LEVEL` is, unless that is `silent`: `all`; `problems`: those that were not answered with what they asked for; `off`: none',
    example: 'problems',
  }),
  USAGE_SAMPLE: setting(z.coerce.number().min(0).max(1).default(1), {
    readBy: GATEWAY,
    meaning:
      'the share of requests whose operations are [recorded](gateway.md#what-is-recorded-of-operations), 0 to 1; each of them counts for as many others. `0`: none is recorded, and `stack check` judges without use',
    example: '0.1',
  }),
  RATE_LIMITS: setting(z.enum(['enforce', 'log', 'off']).optional(), {
    unset: '`enforce`; with `--auth off`: `off`',
    readBy: GATEWAY,
    meaning:
      '`enforce`: [rate limits and budgets](protection.md#rate-limits) refuse. `log`: they count, say in answers how much is left, and tell in the log what they would refuse. `off`: nothing is counted and nothing is told',
    example: 'log',
  }),
  REDIS_URL: setting(redisUrl.optional(), {
    unset: 'each gateway counts for itself',
    readBy: GATEWAY,
    meaning:
      'a Redis, 6 or newer, in which gateways count together: `redis://` or `rediss://`, with `user:password@`, `:password@` or nothing before the host, port 6379 unless told, and the number of a database as its path. The same for every gateway. Set while the server is down, no gateway starts that limits anything',
    example: 'rediss://stack:<password>@redis',
  }),
  TRUSTED_DOCUMENTS: setting(z.enum(['off', 'log', 'enforce']).default('off'), {
    readBy: GATEWAY,
    meaning:
      '`enforce`: only [listed documents](protection.md#trusted-documents) are run. `log`: all are run, and those that are not listed are told of in the log. `off`: nothing is read, and all are run',
    example: 'log',
  }),
  TRUSTED_DOCUMENTS_MANIFEST: setting(z.string().min(1).optional(), {
    readBy: GATEWAY,
    meaning:
      'the lists, as files, parted by commas; a relative path starts at the root of the clone. Needed unless `TRUSTED_DOCUMENTS` is `off`. What is written to them takes effect within a second',
    example: 'web.json,app.json',
  }),
};

const identityAndSecrets = {
  STACK_SECRET: setting(z.string().min(32, 'needs at least 32 characters').optional(), {
    unset: 'generated at the first start, kept in `<DATA_DIR>/secret`',
    readBy: `identity, one process, ${OPERATORS}`,
    meaning:
      'encrypts signing keys, second factors and mails in the database; at least 32 characters, the same at every start',
    example: '<32 random characters>',
  }),
  STACK_DEMO_PASSWORD: setting(z.string().min(8, 'needs at least 8 characters').max(1_000).optional(), {
    unset: 'generated at the first start, printed once, kept in `<DATA_DIR>/demo-password`',
    readBy: 'identity, one process',
    meaning: "the demo users' password; 8 to 1000 characters; set at every start where it is given",
    example: '<a password>',
  }),
  STACK_TOKEN: setting(headerText.optional(), {
    readBy: '`status`; `publish`, `history`, `diff`, `rollback`, `check` with `--registry`',
    meaning: 'an access token of a platform administrator of that stack, as `stack token` prints it',
    example: '$(stack token --user root)',
  }),
  PUBLIC_URL: setting(httpUrl.optional(), {
    unset: 'one process: `http://<HOST>:<PORT>`; identity, `token`: `http://127.0.0.1:8080`',
    readBy: 'identity, operations, one process, `token`',
    meaning:
      "where clients reach the stack. The value of the first start is stored as the issuer of every token and stays, so that a changed port ends no session. operations asks the gateway's health there",
    example: 'https://graph.example.com',
  }),
};

const otherParts = {
  IDENTITY_URL: setting(httpUrl.default('http://127.0.0.1:3333'), {
    readBy: 'gateway, operations, subgraphs, worker',
    meaning: 'core-identity, without a path',
    example: 'http://identity:3333',
  }),
  OPERATIONS_URL: setting(httpUrl.default('http://127.0.0.1:3400'), {
    readBy: 'gateway',
    meaning: 'the operations subgraph, the schema registry and the recorded usage, without a path',
    example: 'http://operations:3400',
  }),
  NATS_URL: setting(natsUrl.optional(), {
    unset: 'events stay within each process',
    readBy: 'operations, subgraphs, worker, one process',
    meaning:
      'a NATS server with JetStream, 2.9 or newer ([events](deploying.md#events-between-processes)): `nats://` or `tls://`, with `user:password@`, `token@` or nothing before the host; port 4222 unless told. The same for all of them. Set while the server is down, none of them starts',
    example: 'nats://stack:<password>@nats',
  }),
};

const mail = {
  SMTP_URL: setting(smtpUrl.optional(), {
    unset: "mails stay in core-identity's table; `stack mails --to <address>` shows them",
    readBy: 'identity, one process',
    meaning:
      'the mail server: `smtp://` (port 587 unless told; TLS where the server offers it, `?requireTLS=true` insists on it) or `smtps://` (465), with `user:password@` where it wants a login. Set while the server is down or refuses the login, neither starts',
    example: 'smtps://stack:<password>@mail.example.com',
  }),
  MAIL_FROM: setting(sender.optional(), {
    readBy: 'identity, one process',
    meaning: 'whom mails are from: an address, or a name with an address in angle brackets',
    example: 'Our Stack <stack@example.com>',
  }),
};

const databases = {
  DATABASE_URL: setting(postgresUrl.optional(), {
    unset: 'an embedded PostgreSQL in `<DATA_DIR>/postgres`',
    readBy: `every part but the gateway, \`migrate\`, ${OPERATORS}`,
    meaning:
      'PostgreSQL 15 or newer, as a login with CREATEROLE that may create schemas: it makes the roles and migrates ([roles](deploying.md#the-database-and-its-roles))',
    example: 'postgres://stack_admin:<password>@db:5432/stack',
  }),
  JOBS_OWNER_DATABASE_URL: setting(postgresUrl.optional(), {
    unset: '`DATABASE_URL`',
    readBy: `${WHOEVER_RUNS_JOBS}, \`migrate\``,
    meaning: 'migrates the job store',
    example: 'postgres://…',
  }),
  JOBS_DATABASE_URL: setting(postgresUrl.optional(), {
    unset: 'the login `jobs_runner` on the server of `DATABASE_URL`',
    readBy: WHOEVER_RUNS_JOBS,
    meaning: 'inserts, runs and removes jobs',
    example: 'postgres://…',
  }),
  JOBS_READER_DATABASE_URL: setting(postgresUrl.optional(), {
    unset: 'the login `jobs_reader` on the server of `DATABASE_URL`',
    readBy: 'operations, one process',
    meaning: 'reads the job store',
    example: 'postgres://…',
  }),
  MONGODB_URI: setting(mongodbUri.optional(), {
    unset: 'jobs are kept in PostgreSQL',
    readBy: `${WHOEVER_RUNS_JOBS}, \`migrate\`, \`doctor\`, \`jobs move\``,
    meaning:
      'a MongoDB, 4.4 or newer, which keeps the jobs: `mongodb://` or `mongodb+srv://`, of one host or of several, with the database as its path (`jobs` unless told). The same for every part. Set while the server is down or cannot keep jobs, no part that runs jobs starts. Not together with a `JOBS_…DATABASE_URL`, except for `jobs move` ([jobs.md](jobs.md#on-mongodb))',
    example: 'mongodb://stack:<password>@db/jobs',
  }),
  JOBS_KEEP_DAYS: setting(z.coerce.number().int().min(1).max(3_650).default(14), {
    readBy: 'operations, one process, `jobs move`',
    meaning: 'how many days jobs stay after they ended, with their attempts and logs; a whole number, 1 to 3650',
    example: '30',
  }),
};

const files = {
  FILES_DIR: setting(z.string().min(1).optional(), {
    unset: '`<DATA_DIR>/files`',
    readBy: WHOEVER_KEEPS_FILES,
    meaning: 'the directory of files; a relative path starts at the root of the clone. Not together with `S3_ENDPOINT`',
    example: '/mnt/shared/stack',
  }),
  S3_ENDPOINT: setting(
    plainText.pipe(httpUrl).refine(namesNobody, 'it holds a login, which belongs into S3_ACCESS_KEY_ID').optional(),
    {
      unset: 'files are in a directory',
      readBy: WHOEVER_KEEPS_FILES,
      meaning: 'the server, `http://` or `https://`, without a login; the bucket is part of the path',
      example: 'https://s3.example.com',
    },
  ),
  S3_BUCKET: setting(s3Bucket.optional(), {
    readBy: WHOEVER_KEEPS_FILES,
    meaning: 'the bucket; it must exist',
    example: 'stack-files',
  }),
  S3_REGION: setting(s3Region.optional(), {
    unset: `\`${DEFAULT_S3_REGION}\``,
    readBy: WHOEVER_KEEPS_FILES,
    meaning: 'the region of the bucket',
    example: 'eu-central-1',
  }),
  S3_ACCESS_KEY_ID: setting(headerText.optional(), {
    readBy: WHOEVER_KEEPS_FILES,
    meaning: 'who may read, write, delete and list there',
    example: '<an access key>',
  }),
  S3_SECRET_ACCESS_KEY: setting(plainText.optional(), {
    readBy: WHOEVER_KEEPS_FILES,
    meaning: 'the secret of that access key',
    example: '<its secret key>',
  }),
};

const traces = {
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(plainText.pipe(httpUrl).refine(namesNobody, LOGIN_IN_HEADERS).optional(), {
    unset: 'nothing is recorded',
    readBy: EVERY_PART,
    meaning: 'a collector that takes OTLP over HTTP: spans go to `/v1/traces` below it',
    example: 'http://collector:4318',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting(
    plainText
      .pipe(z.url({ protocol: /^https?$/ }))
      .refine(namesNobody, LOGIN_IN_HEADERS)
      .optional(),
    {
      unset: '`<OTEL_EXPORTER_OTLP_ENDPOINT>/v1/traces`',
      readBy: EVERY_PART,
      meaning: 'the same with its whole path, for spans alone',
      example: 'https://api.example.com/otlp/v1/traces',
    },
  ),
  OTEL_EXPORTER_OTLP_HEADERS: setting(otlpHeaders.optional(), {
    readBy: EVERY_PART,
    meaning: 'headers of each request to it, `name=value` parted by commas, %-escaped; never shown',
    example: 'authorization=Bearer%20<token>',
  }),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: setting(otlpHeaders.optional(), {
    unset: '`OTEL_EXPORTER_OTLP_HEADERS`',
    readBy: EVERY_PART,
    meaning: 'the same, for spans alone',
    example: 'x-api-key=<key>',
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: setting(otlpProtocol.optional(), {
    unset: '`http/protobuf`',
    readBy: EVERY_PART,
    meaning: 'nothing else than `http/protobuf` is spoken; any other value stops the start',
    example: 'http/protobuf',
  }),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: setting(otlpProtocol.optional(), {
    unset: '`http/protobuf`',
    readBy: EVERY_PART,
    meaning: 'the same, for spans alone',
    example: 'http/protobuf',
  }),
  OTEL_EXPORTER_OTLP_COMPRESSION: setting(otlpCompression.default('none'), {
    readBy: EVERY_PART,
    meaning: '`none` or `gzip`',
    example: 'gzip',
  }),
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: setting(otlpCompression.optional(), {
    unset: '`OTEL_EXPORTER_OTLP_COMPRESSION`',
    readBy: EVERY_PART,
    meaning: 'the same, for spans alone',
    example: 'gzip',
  }),
  OTEL_EXPORTER_OTLP_TIMEOUT: setting(otlpTimeout.default(10_000), {
    readBy: EVERY_PART,
    meaning: 'the longest one request to the collector may take with its retries, in milliseconds; 1 to 60000',
    example: '3000',
  }),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: setting(otlpTimeout.optional(), {
    unset: '`OTEL_EXPORTER_OTLP_TIMEOUT`',
    readBy: EVERY_PART,
    meaning: 'the same, for spans alone',
    example: '3000',
  }),
  OTEL_TRACES_SAMPLER: setting(
    z
      .enum(
        ['traceidratio', 'parentbased_traceidratio'],
        'requests are sampled by their share alone; unset it, and set OTEL_TRACES_SAMPLER_ARG, which may be 0 or 1',
      )
      .optional(),
    {
      unset: '`traceidratio`',
      readBy: EVERY_PART,
      meaning:
        '`traceidratio` or `parentbased_traceidratio`, which are the same here: the gateway decides by the share, and what is behind it as the gateway did; any other value stops the start',
      example: 'traceidratio',
    },
  ),
  OTEL_TRACES_SAMPLER_ARG: setting(z.coerce.number().min(0).max(1).default(1), {
    readBy: EVERY_PART,
    meaning:
      'the share of requests that are recorded, 0 to 1; where a worker starts jobs by their schedule, of those, too',
    example: '0.1',
  }),
  OTEL_SERVICE_NAME: setting(z.string().min(1).max(255).optional(), {
    unset: "the part's own: `inevitable-gateway`, `inevitable-worker`, … ([services](#traces))",
    readBy: EVERY_PART,
    meaning: "`service.name` of the process's spans",
    example: 'graph-gateway',
  }),
  OTEL_RESOURCE_ATTRIBUTES: setting(otlpPairs(/^[^\s,=]{1,255}$/, /^\P{Cc}{0,255}$/u).optional(), {
    readBy: EVERY_PART,
    meaning: "attributes of the process's resource, `name=value` parted by commas, %-escaped; they go before our own",
    example: 'deployment.environment.name=staging,cloud.region=eu-1',
  }),
  OTEL_SDK_DISABLED: setting(z.enum(['true', 'false']).default('false'), {
    readBy: EVERY_PART,
    meaning: '`true`: nothing is recorded, whatever else is set',
    example: 'true',
  }),
};

/** Those that are read of one product, or of identity and operations: `<NAME>_` stands before them. */
export const ofProduct = {
  DEPLOYMENT_CONTEXT: setting(deploymentContext.optional(), {
    unset: '`DEPLOYMENT_CONTEXT`',
    readBy: 'the subgraph, the worker, one process, `<product> <command>`',
    meaning:
      '`internal` or `customer`, of this product alone. It changes nothing of core-identity, operations and the gateway',
    example: 'customer',
  }),
  URL: setting(httpUrl.optional(), {
    unset: "the origin of the subgraph's `routing_url`",
    readBy: 'gateway, operations',
    meaning: "where a product's subgraph is, without a path",
    example: 'http://starter:4001',
  }),
  OWNER_DATABASE_URL: setting(postgresUrl.optional(), {
    unset: '`DATABASE_URL`',
    readBy: "whoever prepares that product's database",
    meaning: 'migrates this product',
    example: 'postgres://…',
  }),
  DATABASE_URL: setting(postgresUrl.optional(), {
    unset: 'the login `<name>_app` on the server of `DATABASE_URL`',
    readBy: 'the subgraph, the worker, one process',
    meaning: 'resolvers and jobs',
    example: 'postgres://…',
  }),
  SYSTEM_DATABASE_URL: setting(postgresUrl.optional(), {
    unset: 'the login `<name>_system` on the server of `DATABASE_URL`',
    readBy: 'the worker, identity, operations, one process',
    meaning: "outbox relay and retention; core-identity's own look-ups",
    example: 'postgres://…',
  }),
};

/** In the order in which an operator reads of them. `note`: what holds for several of a group. */
export interface SettingGroup {
  readonly title: string;
  readonly settings: Readonly<Record<string, z.ZodType>>;
  readonly note?: string;
}

/** Of one product each; the other groups' are read by their names. */
export const PRODUCT_GROUP: SettingGroup = {
  title: 'Of one product',
  settings: Object.fromEntries(Object.entries(ofProduct).map(([name, schema]) => [`<NAME>_${name}`, schema])),
  note: '`<NAME>` is the name in `supergraph.yaml` in upper case, with `_` for `-`: `STARTER_URL`. For databases core-identity is `IDENTITY`, operations `OPERATIONS`. A `<NAME>_DEPLOYMENT_CONTEXT` of something that is no product in `supergraph.yaml` stops the start of every part that loads products.',
};

export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: 'Every part',
    settings: everyPart,
    note: 'Demo users exist where `NODE_ENV` is not `production` and `DEPLOYMENT_CONTEXT` is `internal`.',
  },
  { title: 'The gateway', settings: theGateway },
  { title: 'Identity and secrets', settings: identityAndSecrets },
  { title: 'Other processes', settings: otherParts },
  {
    title: 'Databases and jobs',
    settings: databases,
    note: 'Give the application URL and the system URL of a product (below) together; for the job store: runner and reader. Then `DATABASE_URL` is not used for it, and without an owner URL nothing is migrated: a product whose migrations are missing does not start. If only one of the two is given, the other comes from `DATABASE_URL`, or, where that is unset, from the embedded database.',
  },
  {
    title: 'Files',
    settings: files,
    note: '`S3_ENDPOINT`, `S3_BUCKET`, `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY` belong together: some of them without the others stop the start. A line break in any of them stops the start, too. Set while the server is down or refuses, no part that needs files starts. The same for every part.',
  },
  {
    title: 'Mail',
    settings: mail,
    note: '`SMTP_URL` and `MAIL_FROM` belong together: one without the other stops the start. Mails carry links that work; they are kept encrypted, for 7 days after they were sent and for 30 where they could not be.',
  },
  {
    title: 'Traces',
    settings: traces,
    note: 'These are the names and values of the OpenTelemetry specification; what is not listed here of its variables is not read. What is recorded, and what it costs: [traces](#traces).',
  },
  PRODUCT_GROUP,
];

export const environment = z.object({
  ...everyPart,
  ...theGateway,
  ...identityAndSecrets,
  ...otherParts,
  ...databases,
  ...files,
  ...mail,
  ...traces,
});

/** Every variable that is read by this name; those of products have theirs in front. */
export const SETTING_NAMES: readonly string[] = Object.keys(environment.shape);
