import { z } from 'zod';
import { canonicalRange } from '@inevitable/contract';
import { readCorsRule, type CorsRule } from '@inevitable/gateway/cors';
import { settingReadBy, type SettingGroup } from './setting.js';

const gatewaySetting = settingReadBy('gateway, one process');

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

const redisUrl = z
  .url({ protocol: /^rediss?$/, hostname: /./ })
  .refine((url) => /^\/?\d*$/.test(new URL(url).pathname), 'its path has to be the number of a database');

export const gateway = {
  title: 'The gateway',
  settings: {
    SUPERGRAPH_SOURCE: gatewaySetting(z.enum(['registry', 'files']).default('registry'), {
      meaning:
        '`registry`: the supergraph that was published last is served, and followed; where nothing was published, what `SUPERGRAPH_CONFIG` composes to. `files`: always what it composes to',
      example: 'files',
    }),
    TRUSTED_PROXIES: gatewaySetting(ipRangeList.optional(), {
      meaning:
        'our own proxies in front of the gateway: addresses and ranges of them, parted by commas. The address of a client, which limits on sign-ins and on API keys go by, is that of the connection; where a trusted proxy made it, the last hop in its `X-Forwarded-For` that is no trusted proxy',
      example: '10.0.0.0/8,2001:db8::1',
    }),
    HTTPS: gatewaySetting(z.enum(['required', 'optional']).optional(), {
      unset: '`optional`; `required` where `NODE_ENV` is `production` or `DEPLOYMENT_CONTEXT` is `customer`',
      meaning:
        "`required`: a page that is asked for in the clear is redirected to https, everything else is refused, but for `/live`, `/ready` and `/health`; answers say `Strict-Transport-Security`. What came by https is known by the gateway's own certificate, or by `X-Forwarded-Proto` of a trusted proxy",
      example: 'required',
    }),
    TLS_CERT_FILE: gatewaySetting(z.string().min(1).optional(), {
      meaning:
        "the gateway's own certificate with its chain, as a PEM file; a renewed one is served within a minute. Unset where a proxy has the certificate. Together with `TLS_KEY_FILE`",
      example: '/etc/tls/tls.crt',
    }),
    TLS_KEY_FILE: gatewaySetting(z.string().min(1).optional(), {
      meaning: 'its private key, as a PEM file',
      example: '/etc/tls/tls.key',
    }),
    CORS_ORIGINS: gatewaySetting(corsRules.optional(), {
      meaning:
        'origins whose pages may read answers, parted by commas: `https://app.example.com`, `https://*.example.com`, or `*` for all of them, which then send no cookies. `host=origin` counts for requests to that host alone, which may be `*.example.com`',
      example: 'https://app.example.com,platformforge.ai=https://app.platformforge.ai',
    }),
    SUBSCRIPTION_SLOW_CONSUMER: gatewaySetting(z.enum(['close', 'drop']).default('close'), {
      meaning:
        'a subscriber who reads more slowly than events come: `close` sends it away with `SLOW_CONSUMER`, `drop` lets it miss events and says so with the next',
      example: 'drop',
    }),
    INTROSPECTION: gatewaySetting(z.enum(['everybody', 'signed-in', 'administrators', 'nobody']).optional(), {
      unset: '`everybody`; `administrators` where `DEPLOYMENT_CONTEXT` is `customer`',
      meaning:
        'who may ask the gateway for the schema: `everybody`, `signed-in`, `administrators` of the platform, or `nobody`; see [protection.md](protection.md#introspection)',
      example: 'signed-in',
    }),
    REQUEST_LOG: gatewaySetting(z.enum(['all', 'problems', 'off']).optional(), {
      unset: '`off`; `all` where `NODE_ENV` is `production` or `DEPLOYMENT_CONTEXT` is `customer`',
      meaning:
        '[a line of the log](#a-line-for-each-request) for each request, whatever `LOG_LEVEL` is, unless that is `silent`: `all`; `problems`: those that were not answered with what they asked for; `off`: none',
      example: 'problems',
    }),
    USAGE_SAMPLE: gatewaySetting(z.coerce.number().min(0).max(1).default(1), {
      meaning:
        'the share of requests whose operations are [recorded](gateway.md#what-is-recorded-of-operations), 0 to 1; each of them counts for as many others. `0`: none is recorded, and `stack check` judges without use',
      example: '0.1',
    }),
    RATE_LIMITS: gatewaySetting(z.enum(['enforce', 'log', 'off']).optional(), {
      unset: '`enforce`; with `--auth off`: `off`',
      meaning:
        '`enforce`: [rate limits and budgets](protection.md#rate-limits) refuse. `log`: they count, say in answers how much is left, and tell in the log what they would refuse. `off`: nothing is counted and nothing is told',
      example: 'log',
    }),
    REDIS_URL: gatewaySetting(redisUrl.optional(), {
      unset: 'each gateway counts for itself',
      meaning:
        'a Redis, 6 or newer, in which gateways count together: `redis://` or `rediss://`, with `user:password@`, `:password@` or nothing before the host, port 6379 unless told, and the number of a database as its path. The same for every gateway. Set while the server is down, no gateway starts that limits anything',
      example: 'rediss://stack:<password>@redis',
    }),
    TRUSTED_DOCUMENTS: gatewaySetting(z.enum(['off', 'log', 'enforce']).default('off'), {
      meaning:
        '`enforce`: only [listed documents](protection.md#trusted-documents) are run. `log`: all are run, and those that are not listed are told of in the log. `off`: nothing is read, and all are run',
      example: 'log',
    }),
    TRUSTED_DOCUMENTS_MANIFEST: gatewaySetting(z.string().min(1).optional(), {
      meaning:
        'the lists, as files, parted by commas; a relative path starts at the root of the clone. Needed unless `TRUSTED_DOCUMENTS` is `off`. What is written to them takes effect within a second',
      example: 'web.json,app.json',
    }),
  },
} satisfies SettingGroup;
