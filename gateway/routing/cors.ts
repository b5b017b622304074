import { fitsHost, HOST_PATTERN } from './host-pattern.js';

/** A page of `origin` may read our answers, on hosts that fit `host`; null: on every host. */
export interface CorsRule {
  readonly host: string | null;
  /** An origin (RFC 6454), `https://*.example.com` for those of every host below one, or `*` for all of them. */
  readonly origin: string;
}

const ORIGIN = /^(https?):\/\/([^/:@]+)(:\d{1,5})?$/;

/** `origin`, or `host=origin`. null: it is neither. */
export function readCorsRule(text: string): CorsRule | null {
  const mark = text.indexOf('=');
  const [host, origin] = mark < 0 ? [null, text] : [text.slice(0, mark).toLowerCase(), text.slice(mark + 1)];
  if (host !== null && !HOST_PATTERN.test(host)) return null;
  const read = origin === '*' ? origin : originIn(origin.toLowerCase());
  return read === null ? null : { host, origin: read };
}

/** As browsers write it: without the port that the scheme has by itself. */
function originIn(text: string): string | null {
  const [, scheme, name = '', port = ''] = ORIGIN.exec(text) ?? [];
  if (scheme === undefined || !HOST_PATTERN.test(name)) return null;
  const isDefault = port === (scheme === 'https' ? ':443' : ':80');
  return `${scheme}://${name}${isDefault ? '' : port}`;
}

/** Names and values by turns. */
type Headers = readonly string[];

export interface Cors {
  /** What an answer says to a page of `origin`; null: it may not read it. */
  answerHeaders(host: string, origin: string): Headers | null;
  /** What a preflight is told; null: the page may not ask. */
  preflightHeaders(host: string, origin: string): Headers | null;
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** What clients of a graph send beside what every page may (Fetch standard, CORS-safelisted request-header). */
const REQUEST_HEADERS = [
  'accept',
  'apollo-require-preflight',
  'apollographql-client-name',
  'apollographql-client-version',
  'authorization',
  'content-type',
  'if-match',
  'if-none-match',
  'last-event-id',
  'range',
  'traceparent',
  'tracestate',
  'x-apollo-operation-name',
  'x-graphql-client-name',
  'x-graphql-client-version',
  'x-inevitable-cost',
  'x-inevitable-explain',
  'x-request-id',
].join(', ');
const EXPOSED_HEADERS = [
  'content-disposition',
  'etag',
  'ratelimit-limit',
  'ratelimit-policy',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ');
/** As long as any browser keeps it. */
const PREFLIGHT_SECONDS = '7200';

/**
 * Cross-origin resource sharing (Fetch standard). Pages of named origins may send credentials; where every origin may read,
 * none may: such a page gets what everybody gets.
 */
export function corsOf(rules: readonly CorsRule[]): Cors {
  const allowed = (host: string, origin: string): Headers | null => {
    const fitting = rules.filter((rule) => rule.host === null || fitsHost(rule.host, host));
    if (fitting.some((rule) => rule.origin !== '*' && fitsOrigin(rule.origin, origin)))
      return ['access-control-allow-origin', origin, 'access-control-allow-credentials', 'true'];
    if (fitting.some((rule) => rule.origin === '*')) return ['access-control-allow-origin', '*'];
    return null;
  };
  return {
    answerHeaders(host, origin) {
      const headers = allowed(host, origin);
      return headers && [...headers, 'access-control-expose-headers', EXPOSED_HEADERS];
    },
    preflightHeaders(host, origin) {
      const headers = allowed(host, origin);
      return (
        headers && [
          ...headers,
          'access-control-allow-methods',
          METHODS,
          'access-control-allow-headers',
          REQUEST_HEADERS,
          'access-control-max-age',
          PREFLIGHT_SECONDS,
        ]
      );
    },
  };
}

function fitsOrigin(pattern: string, origin: string): boolean {
  if (!pattern.includes('*')) return pattern === origin;
  if (!ORIGIN.test(origin)) return false;
  const [scheme, place] = origin.split('://');
  const [wantedScheme, wantedPlace] = pattern.split('://');
  return scheme === wantedScheme && fitsHost(wantedPlace!, place!);
}
