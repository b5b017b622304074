import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BadSetting, readSettings, type Settings } from './settings.js';

const natsUrlOf = (url: string): string | undefined => readSettings({ NATS_URL: url }, '/clone').natsUrl;

describe('NATS_URL', () => {
  it.each(['nats://localhost', 'nats://stack:a-secret@nats:4222', 'tls://token@nats.example.com:4443'])(
    'may be %s',
    (url) => expect(natsUrlOf(url)).toBe(url),
  );

  it('that is empty is not set', () => expect(natsUrlOf('')).toBeUndefined());

  it.each(['http://stack:a-secret@nats', 'nats:a-secret', 'nats:///a-secret', 'a-secret', 'nats://nats:a-secret'])(
    'that cannot be used is refused, and not repeated: %s',
    (url) => {
      expect(() => natsUrlOf(url)).toThrow(BadSetting);
      expect(() => natsUrlOf(url)).toThrow(/^NATS_URL cannot be used: (?!.*a-secret)/);
    },
  );
});

const redisUrlOf = (url: string): string | undefined => readSettings({ REDIS_URL: url }, '/clone').redisUrl;

describe('REDIS_URL', () => {
  it.each(['redis://localhost', 'redis://:a-secret@redis:6379/3', 'rediss://stack:a-secret@redis.example.com/'])(
    'may be %s',
    (url) => expect(redisUrlOf(url)).toBe(url),
  );

  it.each(['http://:a-secret@redis', 'redis:a-secret', 'redis:///a-secret', 'redis://redis/a-secret'])(
    'that cannot be used is refused, and not repeated: %s',
    (url) => expect(() => redisUrlOf(url)).toThrow(/^REDIS_URL cannot be used: (?!.*a-secret)/),
  );
});

const trustedOf = (env: NodeJS.ProcessEnv) => readSettings(env, '/clone').trustedDocuments;

describe('TRUSTED_DOCUMENTS', () => {
  it('is off unless told, and reads no manifest then', () => {
    expect(trustedOf({})).toBeUndefined();
    expect(trustedOf({ TRUSTED_DOCUMENTS: 'off', TRUSTED_DOCUMENTS_MANIFEST: 'a.json' })).toBeUndefined();
  });

  it('reads several manifests, below the root of the clone unless they say otherwise', () =>
    expect(trustedOf({ TRUSTED_DOCUMENTS: 'log', TRUSTED_DOCUMENTS_MANIFEST: 'a.json, /etc/b.json' })).toEqual({
      mode: 'log',
      manifests: ['/clone/a.json', '/etc/b.json'],
    }));

  it('needs a manifest', () =>
    expect(() => trustedOf({ TRUSTED_DOCUMENTS: 'enforce' })).toThrow(
      /^TRUSTED_DOCUMENTS is "enforce" without TRUSTED_DOCUMENTS_MANIFEST/,
    ));
});

const smtpOf = (url: string, from = 'stack@example.test') =>
  readSettings({ SMTP_URL: url, MAIL_FROM: from }, '/clone').smtp;

describe('SMTP_URL and MAIL_FROM', () => {
  it.each([
    'smtp://localhost',
    'smtp://me:a-secret@mail:2525/?requireTLS=true',
    'smtps://me:a%40secret@mail.example.com',
  ])('may be %s', (url) => expect(smtpOf(url)).toEqual({ url, from: 'stack@example.test' }));

  it('that are empty are not set: mails stay in their table', () => expect(smtpOf('', '')).toBeUndefined());

  it.each(['http://me:a-secret@mail', 'smtp:a-secret', 'smtp:///a-secret', 'a-secret'])(
    'that cannot be used is refused, and not repeated: %s',
    (url) => {
      expect(() => smtpOf(url)).toThrow(BadSetting);
      expect(() => smtpOf(url)).toThrow(/^SMTP_URL cannot be used: (?!.*a-secret)/);
    },
  );

  it.each(['Our Stack <stack@example.test>', 'stack@example.test'])('are from %s', (from) =>
    expect(smtpOf('smtp://localhost', from)?.from).toBe(from),
  );

  it.each(['nobody', 'Our Stack', 'a@b, c@d', 'A <a@b> <c@d>', 'a@b\r\nBcc: c@d', 'A\n <a@b>'])(
    'are from nobody like %j',
    (from) => expect(() => smtpOf('smtp://localhost', from)).toThrow(/^MAIL_FROM .*cannot be used/s),
  );

  it('belong together', () => {
    expect(() => smtpOf('smtp://localhost', '')).toThrow(/^SMTP_URL is set without MAIL_FROM\./);
    expect(() => smtpOf('')).toThrow(/^MAIL_FROM is set without SMTP_URL\./);
  });
});

const mongodbUriOf = (uri: string): string | undefined => readSettings({ MONGODB_URI: uri }, '/clone').mongodbUri;

describe('MONGODB_URI', () => {
  it.each([
    'mongodb://localhost',
    'mongodb://stack:a%40secret@one:27017,two:27018,[::1]/jobs?replicaSet=rs0&tls=true',
    'mongodb+srv://stack:a-secret@cluster.example.com/jobs',
    'mongodb://one/?authSource=admin',
  ])('may be %s', (uri) => expect(mongodbUriOf(uri)).toBe(uri));

  it('that is empty is not set: jobs are kept in PostgreSQL', () => expect(mongodbUriOf('')).toBeUndefined());

  it.each([
    'http://stack:a-secret@db',
    'mongodb:a-secret',
    'mongodb://',
    'mongodb://me:a-secret@',
    'mongodb://a-secret db/x',
  ])('that cannot be used is refused, and not repeated: %s', (uri) => {
    expect(() => mongodbUriOf(uri)).toThrow(BadSetting);
    expect(() => mongodbUriOf(uri)).toThrow(/^MONGODB_URI cannot be used: (?!.*a-secret)/);
  });
});

describe('STACK_TOKEN', () => {
  it('is of one line, and not repeated where it is not', () => {
    expect(readSettings({ STACK_TOKEN: 'a.b.c' }, '/clone').token).toBe('a.b.c');
    expect(() => readSettings({ STACK_TOKEN: 'a.b\nc' }, '/clone')).toThrow(/^STACK_TOKEN cannot be used: (?!.*a\.b)/);
  });
});

const keepDaysOf = (days: string): number => readSettings({ JOBS_KEEP_DAYS: days }, '/clone').jobsKeepDays;

describe('JOBS_KEEP_DAYS', () => {
  it.each([
    ['1', 1],
    ['30', 30],
    ['3650', 3_650],
  ])('may be %s', (given, days) => expect(keepDaysOf(given)).toBe(days));

  it('is 14 where it is not set, or empty', () => {
    expect(keepDaysOf('')).toBe(14);
    expect(readSettings({}, '/clone').jobsKeepDays).toBe(14);
  });

  it.each(['0', '-1', '1.5', '3651', 'a week'])('that cannot be used is refused: %s', (given) => {
    expect(() => keepDaysOf(given)).toThrow(BadSetting);
    expect(() => keepDaysOf(given)).toThrow(`JOBS_KEEP_DAYS ("${given}") cannot be used: `);
  });
});

const sampleOf = (share: string): number => readSettings({ USAGE_SAMPLE: share }, '/clone').usageSample;

describe('USAGE_SAMPLE', () => {
  it.each([
    ['0', 0],
    ['0.05', 0.05],
    ['1', 1],
  ])('may be %s', (given, share) => expect(sampleOf(given)).toBe(share));

  it('is 1 where it is not set, or empty', () => {
    expect(sampleOf('')).toBe(1);
    expect(readSettings({}, '/clone').usageSample).toBe(1);
  });

  it.each(['-0.1', '1.1', '50%', 'all', 'NaN'])('that cannot be used is refused: %s', (given) => {
    expect(() => sampleOf(given)).toThrow(`USAGE_SAMPLE ("${given}") cannot be used: `);
  });
});

const proxiesOf = (list: string): readonly string[] => readSettings({ TRUSTED_PROXIES: list }, '/clone').trustedProxies;

describe('TRUSTED_PROXIES', () => {
  it('is a list of addresses and ranges', () => {
    expect(proxiesOf('10.0.0.0/8, 2001:db8::1')).toEqual(['10.0.0.0/8', '2001:db8::1']);
  });

  it('is nobody where it is not set, or empty', () => expect(proxiesOf('')).toEqual([]));

  it.each(['proxy', '10.0.0.0/33', '10.0.0.1,', 'true'])('that cannot be used is refused: %s', (given) => {
    expect(() => proxiesOf(given)).toThrow(`TRUSTED_PROXIES ("${given}") cannot be used: `);
  });
});

const SECRET = 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu';

describe('HTTPS', () => {
  it.each<[string, NodeJS.ProcessEnv, boolean]>([
    ['is optional in development', {}, false],
    ['is required in production', { NODE_ENV: 'production', STACK_SECRET: SECRET }, true],
    ['is required where customers are', { DEPLOYMENT_CONTEXT: 'customer', STACK_SECRET: SECRET }, true],
    ['is what is said there', { NODE_ENV: 'production', STACK_SECRET: SECRET, HTTPS: 'optional' }, false],
    ['is what is said in development', { HTTPS: 'required' }, true],
  ])('%s', (_where, env, required) => expect(readSettings(env, '/clone').httpsRequired).toBe(required));

  it('takes a certificate and its key together', () => {
    const files = { TLS_CERT_FILE: 'tls.crt', TLS_KEY_FILE: '/etc/tls.key' };
    expect(readSettings(files, '/clone').certificate).toEqual({ certFile: '/clone/tls.crt', keyFile: '/etc/tls.key' });
    expect(() => readSettings({ TLS_CERT_FILE: 'tls.crt' }, '/clone')).toThrow(
      'TLS_CERT_FILE is set without TLS_KEY_FILE',
    );
    expect(() => readSettings({ TLS_KEY_FILE: 'tls.key' }, '/clone')).toThrow(
      'TLS_KEY_FILE is set without TLS_CERT_FILE',
    );
  });
});

describe('CORS_ORIGINS', () => {
  const rulesOf = (list: string) => readSettings({ CORS_ORIGINS: list }, '/clone').corsRules;

  it('is a list of origins, some for one host', () => {
    expect(rulesOf('https://app.test, shop.test=https://*.app.test')).toEqual([
      { host: null, origin: 'https://app.test' },
      { host: 'shop.test', origin: 'https://*.app.test' },
    ]);
    expect(rulesOf('')).toEqual([]);
  });

  it.each(['app.test', 'https://app.test/', 'https://app.test,'])('that cannot be used is refused: %s', (given) => {
    expect(() => rulesOf(given)).toThrow(`CORS_ORIGINS ("${given}") cannot be used: `);
  });
});

const S3 = {
  S3_ENDPOINT: 'https://s3.example.com/',
  S3_BUCKET: 'stack-files',
  S3_ACCESS_KEY_ID: 'an-access-key',
  S3_SECRET_ACCESS_KEY: 'a-secret-key',
};
const filesOf = (env: NodeJS.ProcessEnv): Settings['files'] => readSettings(env, '/clone').files;
const refusalOf = (env: NodeJS.ProcessEnv): string => {
  try {
    readSettings(env, '/clone');
  } catch (error) {
    expect(error).toBeInstanceOf(BadSetting);
    return (error as Error).message;
  }
  return 'nothing is refused';
};

describe('Files', () => {
  it.each([
    [{}, '/clone/.data/files'],
    [{ DATA_DIR: '/var/lib/stack' }, '/var/lib/stack/files'],
    [{ FILES_DIR: 'artifacts', DATA_DIR: '/var/lib/stack' }, '/clone/artifacts'],
    [{ FILES_DIR: '/mnt/shared' }, '/mnt/shared'],
  ])('are in a directory unless a bucket is given: %j', (env, path) => {
    expect(filesOf(env)).toEqual({ kind: 'directory', path });
  });

  it('are in the bucket that is given, in the region us-east-1 unless told', () => {
    const where = {
      kind: 's3',
      endpoint: 'https://s3.example.com',
      bucket: 'stack-files',
      region: 'us-east-1',
      accessKeyId: 'an-access-key',
      secretAccessKey: 'a-secret-key',
    };
    expect(filesOf(S3)).toEqual(where);
    expect(filesOf({ ...S3, S3_REGION: 'eu-central-1' })).toEqual({ ...where, region: 'eu-central-1' });
  });

  it('are refused in a bucket given by halves, naming all that is missing and repeating no secret', () => {
    const names = fc.subarray(Object.keys(S3) as (keyof typeof S3)[], { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(names, fc.boolean(), (given, region) => {
        const env = Object.fromEntries(given.map((name) => [name, S3[name]]));
        const refusal = refusalOf({ ...env, ...(region && { S3_REGION: 'eu-central-1' }) });
        const missing = Object.keys(S3).filter((name) => !(name in env));
        expect(refusal).toContain(`is set without ${missing.join(', ')}.`);
        expect(refusal).not.toMatch(/an-access-key|a-secret-key/);
      }),
    );
    expect(refusalOf({ S3_REGION: 'eu-central-1' })).toBe(
      'S3_REGION is set without S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY. Give all of them, or unset every S3 setting for files in a directory.',
    );
  });

  it('are refused in two places at once', () => {
    expect(refusalOf({ ...S3, FILES_DIR: '/mnt/shared' })).toMatch(/^FILES_DIR and S3_ENDPOINT are both set/);
  });

  it.each([
    ['S3_ENDPOINT', 's3.example.com'],
    ['S3_ENDPOINT', 'ftp://s3.example.com'],
    ['S3_ENDPOINT', 'https://a-login:a-password@s3.example.com'],
    ['S3_BUCKET', 'a/b'],
    ['S3_BUCKET', '..'],
  ])('are refused in what is no bucket: %s is %s', (name, value) => {
    expect(refusalOf({ ...S3, [name]: value })).toMatch(new RegExp(`^${name}.* cannot be used: (?!.*a-password)`));
  });

  it.each(['b', 'b'.repeat(256), '-b', 'a b'])('are refused in a bucket "%s", with all that a name has', (bucket) => {
    expect(refusalOf({ ...S3, S3_BUCKET: bucket })).toBe(
      `S3_BUCKET ("${bucket}") cannot be used: a bucket is named in 2 to 255 letters, digits, ".", "_" and "-", and begins with a letter or a digit.`,
    );
  });

  it('are refused with a line break or another control character wherever it is, and stay on one line', () => {
    const control = fc.integer({ min: 0, max: 0x9f }).filter((code) => code < 0x20 || code >= 0x7f);
    const names = fc.constantFrom('S3_REGION', ...(Object.keys(S3) as (keyof typeof S3)[]));
    fc.assert(
      fc.property(names, control, fc.nat(), (name, code, at) => {
        const value = { S3_REGION: 'eu-central-1', ...S3 }[name];
        const cut = at % (value.length + 1);
        const broken = value.slice(0, cut) + String.fromCharCode(code) + value.slice(cut);
        const refusal = refusalOf({ ...S3, [name]: broken });
        expect(refusal).toMatch(new RegExp(`^${name}.* cannot be used: .*\\.$`));
        expect(refusal).not.toMatch(/\n|a-secret|access-key$/);
      }),
    );
  });

  it.each([
    ['S3_REGION', 'eu central'],
    ['S3_REGION', '-eu'],
    ['S3_ACCESS_KEY_ID', 'an access key'],
    ['S3_ACCESS_KEY_ID', 'schlüssel'],
  ])('are refused in what no request can carry: %s is %s', (name, value) => {
    expect(refusalOf({ ...S3, [name]: value })).toMatch(new RegExp(`^${name}.* cannot be used: (?!.*schl)`));
  });
});

describe('<PRODUCT>_DEPLOYMENT_CONTEXT', () => {
  it('says how one product is deployed, and nothing of the others', () => {
    const { deployment, deploymentOf } = readSettings({ CLAUDE_CONFIG_DEPLOYMENT_CONTEXT: 'customer' }, '/clone');
    expect(deployment).toBe('internal');
    expect(deploymentOf('claude-config')).toBe('customer');
    expect(deploymentOf('starter')).toBeUndefined();
  });

  it('that is empty is not set', () => {
    const settings = readSettings({ STARTER_DEPLOYMENT_CONTEXT: '' }, '/clone');
    expect(settings.deploymentOf('starter')).toBeUndefined();
    settings.assertDeploymentsOf([]);
  });

  it.each(['Customer', 'production', ' internal'])('that cannot be used is refused: %j', (value) => {
    expect(refusalOf({ STARTER_DEPLOYMENT_CONTEXT: value })).toContain(
      `STARTER_DEPLOYMENT_CONTEXT ("${value}") cannot be used: `,
    );
  });

  it('of something that is no product is refused where the products are known', () => {
    const { assertDeploymentsOf } = readSettings({ PLATFROMFORGE_DEPLOYMENT_CONTEXT: 'customer' }, '/clone');
    assertDeploymentsOf(['starter', 'platfromforge']);
    expect(() => assertDeploymentsOf(['starter', 'platformforge'])).toThrow(BadSetting);
    expect(() => assertDeploymentsOf(['starter', 'platformforge'])).toThrow(
      'PLATFROMFORGE_DEPLOYMENT_CONTEXT is set, and there is no such product. Products: starter, platformforge.',
    );
  });
});

describe('OpenTelemetry', () => {
  const tracesOf = (env: NodeJS.ProcessEnv) =>
    readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/', ...env }, '/clone').traces;

  it('is off unless an endpoint is given, and where it is disabled', () => {
    expect(readSettings({ OTEL_SERVICE_NAME: 'ours' }, '/clone').traces).toBeUndefined();
    expect(tracesOf({ OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
  });

  it('has the defaults of the specification', () =>
    expect(tracesOf({})).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: {},
      compression: 'none',
      timeoutMs: 10_000,
      ratio: 1,
      serviceName: undefined,
      resourceAttributes: {},
    }));

  it('prefers what is said of traces alone to what is said of all', () =>
    expect(
      tracesOf({
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://api.example.com/in?a=b',
        OTEL_EXPORTER_OTLP_HEADERS: 'of-all=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'authorization=Basic%20YTpi==, x-other=a%2Cb',
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'gzip',
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '500',
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.1',
        OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=ours,city=K%C3%B6ln',
      }),
    ).toEqual({
      url: 'https://api.example.com/in?a=b',
      headers: { authorization: 'Basic YTpi==', 'x-other': 'a,b' },
      compression: 'gzip',
      timeoutMs: 500,
      ratio: 0.1,
      serviceName: undefined,
      resourceAttributes: { 'service.namespace': 'ours', city: 'Köln' },
    }));

  it.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', /only http\/protobuf is spoken here/],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/json', /only http\/protobuf is spoken here/],
    ['OTEL_TRACES_SAMPLER', 'always_on', /set OTEL_TRACES_SAMPLER_ARG/],
    ['OTEL_TRACES_SAMPLER_ARG', '1.1', /./],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:a-secret', /./],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://me:a-secret@collector', /OTEL_EXPORTER_OTLP_HEADERS/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a-secret', /name=value/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'x-key=a-secret%0d%0a', /name=value/],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'x key=a-secret', /name=value/],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'x-key=a-secret%', /name=value/],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s', /./],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zstd', /./],
    ['OTEL_RESOURCE_ATTRIBUTES', 'region', /name=value/],
    ['OTEL_SDK_DISABLED', 'maybe', /./],
  ])('that cannot be done is refused in one sentence, and no secret is repeated: %s=%s', (name, value, why) => {
    expect(() => tracesOf({ [name]: value })).toThrow(BadSetting);
    expect(() => tracesOf({ [name]: value })).toThrow(why);
    expect(() => tracesOf({ [name]: value })).toThrow(
      new RegExp(`^${name}.* cannot be used: (?!.*a-secret)[^\\n]*\\.$`),
    );
  });
});
