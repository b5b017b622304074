import { join, resolve } from 'node:path';
import { z } from 'zod';
import { canonicalRange, type DeploymentContext } from '@inevitable/contract';
import type { CertificateFiles, IntrospectionPolicy, TrustedDocumentsOptions } from '@inevitable/gateway';
import { readCorsRule, type CorsRule } from '@inevitable/gateway/cors';

/** A setting cannot be used; the message is one sentence that names it. */
export class BadSetting extends Error {}

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

/** Of what goes into the headers of a request, which take no line break and nothing beyond ASCII. */
const headerText = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'it holds a space, a line break or another character that a request cannot');
/** As S3's library judges it: part of a host name (RFC 1123, section 2.1). */
const s3Region = z
  .string()
  .regex(
    /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/,
    'a region is named in 1 to 63 letters, digits and "-", and neither begins nor ends with "-"',
  );
/** Judged before a URL is read, which drops line breaks in silence. */
const plainText = z.string().regex(/^\P{Cc}+$/u, 'it holds a line break or another control character');

/** All of them together say where a bucket is; S3_REGION may be left out. */
const S3_SETTINGS = ['S3_ENDPOINT', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const;
const DEFAULT_S3_REGION = 'us-east-1';

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

const PRODUCT_DEPLOYMENT = /^([A-Z][A-Z0-9_]*)_DEPLOYMENT_CONTEXT$/;

const environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.optional(),
  METRICS_PORT: port.optional(),
  DATA_DIR: z.string().min(1).default('.data'),
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  DEPLOYMENT_CONTEXT: deploymentContext.optional(),
  TRUSTED_PROXIES: ipRangeList.optional(),
  HTTPS: z.enum(['required', 'optional']).optional(),
  TLS_CERT_FILE: z.string().min(1).optional(),
  TLS_KEY_FILE: z.string().min(1).optional(),
  CORS_ORIGINS: corsRules.optional(),
  SUBSCRIPTION_SLOW_CONSUMER: z.enum(['close', 'drop']).default('close'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
  SUPERGRAPH_CONFIG: z.string().min(1).default('supergraph.yaml'),
  SUPERGRAPH_SOURCE: z.enum(['registry', 'files']).default('registry'),
  DATABASE_URL: postgresUrl.optional(),
  MONGODB_URI: mongodbUri.optional(),
  IDENTITY_URL: httpUrl.default('http://127.0.0.1:3333'),
  OPERATIONS_URL: httpUrl.default('http://127.0.0.1:3400'),
  PUBLIC_URL: httpUrl.optional(),
  NATS_URL: natsUrl.optional(),
  REDIS_URL: redisUrl.optional(),
  INTROSPECTION: z.enum(['everybody', 'signed-in', 'administrators', 'nobody']).optional(),
  TRUSTED_DOCUMENTS: z.enum(['off', 'log', 'enforce']).default('off'),
  TRUSTED_DOCUMENTS_MANIFEST: z.string().min(1).optional(),
  RATE_LIMITS: z.enum(['enforce', 'log', 'off']).optional(),
  SMTP_URL: smtpUrl.optional(),
  MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^<>"\p{Cc}]+ <[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+>|[^<>@\s\p{Cc}]+@[^<>@\s\p{Cc}]+)$/u,
      'it has to be like stack@example.com, or Our Stack <stack@example.com>',
    )
    .optional(),
  FILES_DIR: z.string().min(1).optional(),
  S3_ENDPOINT: plainText
    .pipe(httpUrl)
    .refine(namesNobody, 'it holds a login, which belongs into S3_ACCESS_KEY_ID')
    .optional(),
  S3_BUCKET: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/,
      'a bucket is named in 2 to 255 letters, digits, ".", "_" and "-", and begins with a letter or a digit',
    )
    .optional(),
  S3_REGION: s3Region.optional(),
  S3_ACCESS_KEY_ID: headerText.optional(),
  S3_SECRET_ACCESS_KEY: plainText.optional(),
  USAGE_SAMPLE: z.coerce.number().min(0).max(1).default(1),
  JOBS_KEEP_DAYS: z.coerce.number().int().min(1).max(3_650).default(14),
  STACK_TOKEN: headerText.optional(),
  STACK_SECRET: z.string().min(32, 'needs at least 32 characters').optional(),
  STACK_DEMO_PASSWORD: z.string().min(8, 'needs at least 8 characters').max(1_000).optional(),
});

/** Every variable that is read by this name; those of products have theirs in front. */
export const SETTING_NAMES: readonly string[] = Object.keys(environment.shape);

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
  /** `registry`: what was published last is served, and `supergraphConfig` where nothing was. `files`: always the latter. */
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
  /** How long ended jobs stay, in days. */
  readonly jobsKeepDays: number;
  /** Of a platform administrator, for commands that ask a running stack. */
  readonly token: string | undefined;
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
  const optional = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const value = schema.optional().safeParse(given[name]);
    if (!value.success) throw badSetting({ ...value.error.issues[0]!, path: [name] }, given);
    return value.data;
  };
  const prefix = (name: string): string => name.toUpperCase().replaceAll('-', '_');
  const deployments = new Map<string, DeploymentContext | undefined>();
  for (const name of Object.keys(given)) {
    const [, product] = PRODUCT_DEPLOYMENT.exec(name) ?? [];
    if (product !== undefined) deployments.set(product, optional(name, deploymentContext));
  }

  const production = read.NODE_ENV === 'production';
  const deployment = read.DEPLOYMENT_CONTEXT ?? (production ? 'customer' : 'internal');
  if (deployment === 'customer' && !read.STACK_SECRET) {
    throw new BadSetting(
      'STACK_SECRET must be set where DEPLOYMENT_CONTEXT is "customer": it encrypts the signing keys. Give 32 random characters or more.',
    );
  }
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
      owner: optional(`${prefix(product)}_OWNER_DATABASE_URL`, postgresUrl),
      app: optional(`${prefix(product)}_DATABASE_URL`, postgresUrl),
      system: optional(`${prefix(product)}_SYSTEM_DATABASE_URL`, postgresUrl),
    }),
    jobStoreUrls: {
      owner: optional('JOBS_OWNER_DATABASE_URL', postgresUrl),
      runner: optional('JOBS_DATABASE_URL', postgresUrl),
      reader: optional('JOBS_READER_DATABASE_URL', postgresUrl),
    },
    subgraphUrl: (name: string) => optional(`${prefix(name)}_URL`, httpUrl),
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

/** null: no bucket is given. Throws `BadSetting` for a bucket that is given by halves, and for a directory beside it. */
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
  const shown = /URL|URI|ENDPOINT|KEY|SECRET|PASSWORD|TOKEN/.test(name) ? '' : ` (${JSON.stringify(given[name])})`;
  return new BadSetting(`${name}${shown} cannot be used: ${issue.message}.`);
}
