import { join, resolve } from 'node:path';
import type { z } from 'zod';
import type { DeploymentContext } from '@inevitable/contract';
import type { CertificateFiles, IntrospectionPolicy, TrustedDocumentsOptions } from '@inevitable/gateway';
import type { CorsRule } from '@inevitable/gateway/cors';
import { environment } from './environment.js';
import { STOP_DELAY_SECONDS } from './environment/every-part.js';
import { DEFAULT_S3_REGION } from './environment/files.js';
import { ofProduct } from './environment/of-one-product.js';

/** A setting cannot be used; the message is one sentence that names it. */
export class BadSetting extends Error {}

/** All of them together say where a bucket is; S3_REGION may be left out. */
const S3_SETTINGS = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
const PRODUCT_DEPLOYMENT = /^([A-Z][A-Z0-9_]*)_DEPLOYMENT_CONTEXT$/;

export interface DatabaseUrls {
  /** Each may be given by the environment: `<P>_OWNER_DATABASE_URL`, `<P>_DATABASE_URL`, `<P>_SYSTEM_DATABASE_URL`. */
  readonly owner: string | undefined;
  readonly app: string | undefined;
  readonly system: string | undefined;
}

export interface JobStoreUrls {
  readonly owner: string | undefined;
  readonly runner: string | undefined;
  readonly reader: string | undefined;
}

/** Where products keep files. */
export type FilesSettings =
  | {
      readonly kind: 'directory';
      /** Absolute. */
      readonly path: string;
    }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    };

export interface SmtpSettings {
  readonly url: string;
  /** Whom mails are from. */
  readonly from: string;
}

/** Where spans go, and which. */
export interface TracesSettings {
  /** Takes `POST`s of OTLP. */
  readonly url: string;
  /** May hold credentials. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
  /** The longest one request to it may take. */
  readonly timeoutMs: number;
  /** The share of requests that are recorded, 0 to 1. */
  readonly ratio: number;
  /** undefined: the part's own. */
  readonly serviceName: string | undefined;
  readonly resourceAttributes: Readonly<Record<string, string>>;
}

export interface Settings {
  readonly root: string;
  readonly host: string;
  /** undefined: the part's own default. */
  readonly port: number | undefined;
  /** Where Prometheus asks; undefined: nowhere. */
  readonly metricsPort: number | undefined;
  readonly dataDir: string;
  /** Demo users, and the defaults of one developer's machine. */
  readonly development: boolean;
  readonly deployment: DeploymentContext;
  readonly logLevel: string;
  /** An absolute path, or a descriptor's number; undefined: security events are lines of the log. */
  readonly securityLog: string | number | undefined;
  /** Of the gateway. */
  readonly requestLog: 'all' | 'problems' | 'off';
  /** How long a part that was told to stop still takes requests, so that balancers can notice. */
  readonly stopDelayMs: number;
  /** What becomes of a subscriber who reads more slowly than events come. */
  readonly slowConsumer: 'close' | 'drop';
  /** Our own proxies in front of the gateway, as addresses and ranges. */
  readonly trustedProxies: readonly string[];
  /** What reaches the gateway in the clear is redirected, or refused. */
  readonly httpsRequired: boolean;
  /** The gateway's own; absolute. undefined: a proxy has one, or nobody. */
  readonly certificate: CertificateFiles | undefined;
  /** Whose pages may read the gateway's answers. */
  readonly corsRules: readonly CorsRule[];
  readonly supergraphConfig: string;
  /** `registry`: what was published last, and `supergraphConfig` where nothing was. `files`: always the latter. */
  readonly supergraphSource: 'registry' | 'files';
  readonly databaseUrl: string | undefined;
  /** Where jobs are kept; may hold credentials. undefined: in PostgreSQL. */
  readonly mongodbUri: string | undefined;
  readonly identityUrl: string;
  readonly operationsUrl: string;
  readonly publicUrl: string | undefined;
  /** May hold credentials. undefined: events stay within a process. */
  readonly natsUrl: string | undefined;
  /** Where gateways count together; may hold credentials. undefined: each counts by itself. */
  readonly redisUrl: string | undefined;
  /** Who may ask for the schema; undefined: as `deployment` says. */
  readonly introspection: IntrospectionPolicy | undefined;
  /** undefined: any document is run. Its manifests are absolute paths. */
  readonly trustedDocuments: TrustedDocumentsOptions | undefined;
  /** undefined: enforced where callers are known. */
  readonly rateLimits: 'enforce' | 'log' | 'off' | undefined;
  /** Where mails are handed over; may hold credentials. undefined: they stay in their table. */
  readonly smtp: SmtpSettings | undefined;
  readonly files: FilesSettings;
  /** The share of requests whose operations are recorded, 0 to 1. */
  readonly usageSample: number;
  /** undefined: nothing is recorded. */
  readonly traces: TracesSettings | undefined;
  /** How long ended jobs stay, in days. */
  readonly jobsKeepDays: number;
  /** Of a platform administrator, for commands that ask a running stack. */
  readonly token: string | undefined;
  /** Encrypts identity's secrets; undefined: the file in the data directory does, and where customers are nothing. */
  readonly secret: string | undefined;
  readonly demoPassword: string | undefined;
  /** `<PRODUCT>_DEPLOYMENT_CONTEXT`, in place of `deployment`. */
  deploymentOf(product: string): DeploymentContext | undefined;
  /** Throws `BadSetting` where a `<PRODUCT>_DEPLOYMENT_CONTEXT` is given of none of these. */
  assertDeploymentsOf(products: readonly string[]): void;
  databaseUrls(product: string): DatabaseUrls;
  readonly jobStoreUrls: JobStoreUrls;
  /** `<NAME>_URL` in place of a subgraph's routing_url, without the path. */
  subgraphUrl(name: string): string | undefined;
}

/** Reads the environment once, into a frozen value; empty variables count as unset. Throws `BadSetting`. */
export function readSettings(env: NodeJS.ProcessEnv, root: string): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) throw badSetting(parsed.error.issues[0]!, given);
  const read = parsed.data;
  const optional = <T>(name: string, schema: z.ZodType<T>): T => {
    const value = schema.safeParse(given[name]);
    if (!value.success) throw badSetting({ ...value.error.issues[0]!, path: [name] }, given);
    return value.data;
  };
  const prefix = (name: string): string => name.toUpperCase().replaceAll('-', '_');
  const deployments = new Map<string, DeploymentContext | undefined>();
  for (const name of Object.keys(given)) {
    const [, product] = PRODUCT_DEPLOYMENT.exec(name) ?? [];
    if (product !== undefined) deployments.set(product, optional(name, ofProduct.DEPLOYMENT_CONTEXT));
  }

  const production = read.NODE_ENV === 'production';
  const deployment = read.DEPLOYMENT_CONTEXT ?? (production ? 'customer' : 'internal');
  if (deployment === 'customer' && read.STACK_SECRET && isGuessable(read.STACK_SECRET)) {
    throw new BadSetting(
      'STACK_SECRET cannot be used where DEPLOYMENT_CONTEXT is "customer": it repeats itself, or is made of words that everybody tries. Give 32 random characters or more, such as those of: openssl rand -base64 32.',
    );
  }
  if (deployment === 'customer' && read.STACK_DEMO_PASSWORD) {
    throw new BadSetting(
      'STACK_DEMO_PASSWORD is set where DEPLOYMENT_CONTEXT is "customer", and there are no demo users there. Unset it.',
    );
  }

  const development = !production && deployment === 'internal';
  const dataDir = resolve(root, read.DATA_DIR);

  return Object.freeze({
    root,
    host: read.HOST,
    port: read.PORT,
    metricsPort: read.METRICS_PORT,
    dataDir,
    development,
    deployment,
    logLevel: read.LOG_LEVEL,
    securityLog: typeof read.SECURITY_LOG === 'string' ? resolve(root, read.SECURITY_LOG) : read.SECURITY_LOG,
    requestLog: read.REQUEST_LOG ?? (development ? 'off' : 'all'),
    stopDelayMs: (read.STOP_DELAY_SECONDS ?? (development ? 0 : STOP_DELAY_SECONDS)) * 1_000,
    slowConsumer: read.SUBSCRIPTION_SLOW_CONSUMER,
    trustedProxies: read.TRUSTED_PROXIES ?? [],
    httpsRequired: read.HTTPS === undefined ? !development : read.HTTPS === 'required',
    certificate: certificateOf(read, root),
    corsRules: read.CORS_ORIGINS ?? [],
    supergraphConfig: resolve(root, read.SUPERGRAPH_CONFIG),
    supergraphSource: read.SUPERGRAPH_SOURCE,
    databaseUrl: read.DATABASE_URL,
    mongodbUri: read.MONGODB_URI,
    identityUrl: read.IDENTITY_URL,
    operationsUrl: read.OPERATIONS_URL,
    publicUrl: read.PUBLIC_URL,
    natsUrl: read.NATS_URL,
    redisUrl: read.REDIS_URL,
    introspection: read.INTROSPECTION,
    trustedDocuments: trustedDocumentsOf(read, root),
    rateLimits: read.RATE_LIMITS,
    smtp: smtpOf(read),
    files: s3Of(read) ?? { kind: 'directory', path: resolve(root, read.FILES_DIR ?? join(dataDir, 'files')) },
    usageSample: read.USAGE_SAMPLE,
    traces: tracesOf(read),
    jobsKeepDays: read.JOBS_KEEP_DAYS,
    token: read.STACK_TOKEN,
    secret: read.STACK_SECRET,
    demoPassword: read.STACK_DEMO_PASSWORD,
    deploymentOf: (product: string) => deployments.get(prefix(product)),
    assertDeploymentsOf(products: readonly string[]) {
      const known = new Set(products.map(prefix));
      for (const product of deployments.keys()) {
        if (!known.has(product))
          throw new BadSetting(
            `${product}_DEPLOYMENT_CONTEXT is set, and there is no such product. Products: ${products.join(', ') || 'none'}. Correct the name, or unset it.`,
          );
      }
    },
    databaseUrls: (product: string) => ({
      owner: optional(`${prefix(product)}_OWNER_DATABASE_URL`, ofProduct.OWNER_DATABASE_URL),
      app: optional(`${prefix(product)}_DATABASE_URL`, ofProduct.DATABASE_URL),
      system: optional(`${prefix(product)}_SYSTEM_DATABASE_URL`, ofProduct.SYSTEM_DATABASE_URL),
    }),
    jobStoreUrls: {
      owner: read.JOBS_OWNER_DATABASE_URL,
      runner: read.JOBS_DATABASE_URL,
      reader: read.JOBS_READER_DATABASE_URL,
    },
    subgraphUrl: (name: string) => optional(`${prefix(name)}_URL`, ofProduct.URL),
  });
}

/** 32 random letters or digits have 20 different ones or so, and 12 in hexadecimal. */
const FEWEST_CHARACTERS = 10;
const TRIED_BY_EVERYBODY = /change[-_ ]?me|default|example|password|secret|replace|your[-_ ]|12345678|qwerty/i;

const isGuessable = (secret: string): boolean =>
  new Set(secret).size < FEWEST_CHARACTERS || TRIED_BY_EVERYBODY.test(secret);

/** Throws `BadSetting` where one of the two is given alone. */
function certificateOf(read: z.infer<typeof environment>, root: string): CertificateFiles | undefined {
  const { TLS_CERT_FILE: cert, TLS_KEY_FILE: key } = read;
  if (cert !== undefined && key !== undefined) return { certFile: resolve(root, cert), keyFile: resolve(root, key) };
  if (cert === undefined && key === undefined) return undefined;
  const [given, missing] = cert === undefined ? ['TLS_KEY_FILE', 'TLS_CERT_FILE'] : ['TLS_CERT_FILE', 'TLS_KEY_FILE'];
  throw new BadSetting(`${given} is set without ${missing}. Give both, or unset it where a proxy has the certificate.`);
}

/** Throws `BadSetting` where no manifest says which documents are trusted. */
function trustedDocumentsOf(read: z.infer<typeof environment>, root: string): TrustedDocumentsOptions | undefined {
  const { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_MANIFEST: manifests } = read;
  if (mode === 'off') return undefined;
  if (manifests === undefined)
    throw new BadSetting(
      `TRUSTED_DOCUMENTS is "${mode}" without TRUSTED_DOCUMENTS_MANIFEST, so no document would be trusted. Give the file that "stack documents" writes, or set TRUSTED_DOCUMENTS=off.`,
    );
  return { mode, manifests: manifests.split(',').map((file) => resolve(root, file.trim())) };
}

/** Throws `BadSetting` where one of the two is given alone. */
function smtpOf({ SMTP_URL: url, MAIL_FROM: from }: z.infer<typeof environment>): SmtpSettings | undefined {
  if (url !== undefined && from !== undefined) return { url, from };
  if (url === undefined && from === undefined) return undefined;
  const [given, missing] = url === undefined ? ['MAIL_FROM', 'SMTP_URL'] : ['SMTP_URL', 'MAIL_FROM'];
  throw new BadSetting(`${given} is set without ${missing}. Give both, or unset it: mails stay in their table then.`);
}

/** What is said of traces alone goes before what is said of all signals. */
function tracesOf(read: z.infer<typeof environment>): TracesSettings | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: whole } = read;
  const url = whole ?? (base === undefined ? undefined : `${base}/v1/traces`);
  if (url === undefined || read.OTEL_SDK_DISABLED === 'true') return undefined;
  return {
    url,
    headers: read.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? read.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    compression: read.OTEL_EXPORTER_OTLP_TRACES_COMPRESSION ?? read.OTEL_EXPORTER_OTLP_COMPRESSION,
    timeoutMs: read.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? read.OTEL_EXPORTER_OTLP_TIMEOUT,
    ratio: read.OTEL_TRACES_SAMPLER_ARG,
    serviceName: read.OTEL_SERVICE_NAME,
    resourceAttributes: read.OTEL_RESOURCE_ATTRIBUTES ?? {},
  };
}

/** null: no bucket is given. Throws `BadSetting` for one that is given by halves, and for a directory beside it. */
function s3Of(read: z.infer<typeof environment>): FilesSettings | null {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_REGION: region } = read;
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = read;
  if (endpoint && bucket && accessKeyId && secretAccessKey) {
    if (read.FILES_DIR !== undefined)
      throw new BadSetting('FILES_DIR and S3_ENDPOINT are both set, and files are in one place. Unset one of them.');
    return { kind: 's3', endpoint, bucket, region: region ?? DEFAULT_S3_REGION, accessKeyId, secretAccessKey };
  }
  const given = S3_SETTINGS.filter((name) => read[name] !== undefined);
  if (region === undefined && !given.length) return null;
  const missing = S3_SETTINGS.filter((name) => read[name] === undefined);
  throw new BadSetting(
    `${given[0] ?? 'S3_REGION'} is set without ${missing.join(', ')}. Give all of them, or unset every S3 setting for files in a directory.`,
  );
}

/** The value itself is not repeated where it may hold a password. */
function badSetting(issue: z.core.$ZodIssue, given: Record<string, string | undefined>): BadSetting {
  const name = String(issue.path[0]);
  const shown = /URL|URI|ENDPOINT|KEY|SECRET|PASSWORD|TOKEN|HEADERS/.test(name)
    ? ''
    : ` (${JSON.stringify(given[name])})`;
  return new BadSetting(`${name}${shown} cannot be used: ${issue.message}.`);
}
