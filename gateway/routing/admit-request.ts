import type { IncomingMessage } from 'node:http';
import type { ErrorBody } from '@inevitable/contract';
import type { RequestRefused } from '../graphql-over-http/request-refused.js';
import { corsOf, type CorsRule } from './cors.js';
import { GRAPHQL_PATH } from './graphql-endpoint.js';
import { hostName, type ReadOrigin } from './read-origin.js';
import { SECURITY_HEADERS, STRICT_TRANSPORT_SECURITY } from './security-headers.js';

/** What becomes of a request before it is known what it asks. Headers are names and values by turns. */
export type Admission =
  /** It goes on; its answer has these headers, unless it says otherwise. */
  | { readonly kind: 'admitted'; readonly headers: readonly string[] }
  | { readonly kind: 'answered'; readonly status: number; readonly headers: readonly string[]; readonly body: string };

export interface AdmissionParts {
  readonly readOrigin: ReadOrigin;
  /** What comes in the clear is redirected, or refused. */
  readonly isHttpsRequired: boolean;
  readonly cors: readonly CorsRule[];
  /** What everything but probes is refused with while there is more to do than this process can; null: there is not. */
  readonly overload: () => RequestRefused | null;
}

export interface Admissions {
  admit(request: IncomingMessage): Admission;
  /** The status that a request for a WebSocket is refused with; null: it may have one. */
  upgradeRefusal(request: IncomingMessage): number | null;
}

/** Asked within the cluster, by address and without a certificate; they hold nothing of anybody. */
const PROBES: ReadonlySet<string> = new Set(['/live', '/ready', '/health']);
/** A browser behind three proxies sends thirty. Node would pass over those beyond its own limit without a word. */
const MAX_HEADERS = 200;
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD']);
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store'];

/** The gateway's front door: https, security headers, CORS and whether there is time for more, alike for every path. */
export function admissions({ readOrigin, isHttpsRequired, cors: rules, overload }: AdmissionParts): Admissions {
  const cors = corsOf(rules);
  const PLAIN: Admission = { kind: 'admitted', headers: SECURITY_HEADERS };
  const SECURE: Admission = { kind: 'admitted', headers: [...SECURITY_HEADERS, ...STRICT_TRANSPORT_SECURITY] };
  const isTooPlain = (request: IncomingMessage): boolean => isHttpsRequired && readOrigin(request).scheme === 'http';

  /**
   * A page of an origin that may not read answers. To WebSockets CORS does not apply: browsers open them for any page, and say
   * which one asks. Its own token a page must know; what everybody may read without one is to be read here alone.
   */
  function isOfStranger(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    if (origin === undefined) return false;
    const { host } = readOrigin(request);
    if (host !== null && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()) return false;
    return cors.answerHeaders(hostName(host ?? ''), origin) === null;
  }

  return {
    upgradeRefusal(request) {
      if (isTooPlain(request) || isOfStranger(request)) return 403;
      return hasTooManyHeaders(request) ? 431 : (overload()?.status ?? null);
    },
    admit(request) {
      const admission = admitFrom(request);
      if (admission.kind === 'answered') return admission;
      if (hasTooManyHeaders(request)) return refuseHeaders(request, admission);
      const refusal = overload();
      return refusal === null ? admission : refuseMore(request, admission, refusal);
    },
  };

  function admitFrom(request: IncomingMessage): Admission {
    const { origin } = request.headers;
    // Most requests of a stack in development, and all of its own parts'.
    if (!isHttpsRequired && origin === undefined && rules.length === 0) return PLAIN;
    const { scheme, host } = readOrigin(request);
    const path = pathOf(request);
    if (isHttpsRequired && scheme === 'http' && !PROBES.has(path)) return refusePlain(request, path, host);
    const admitted = isHttpsRequired ? SECURE : PLAIN;
    if (origin === undefined || rules.length === 0) return rules.length === 0 ? admitted : varying(admitted);
    const name = hostName(host ?? '');
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
      return answerPreflight(admitted, cors.preflightHeaders(name, origin), origin);
    const more = cors.answerHeaders(name, origin);
    return more ? { kind: 'admitted', headers: [...varying(admitted).headers, ...more] } : varying(admitted);
  }
}

const hasTooManyHeaders = ({ rawHeaders }: IncomingMessage): boolean => rawHeaders.length > 2 * MAX_HEADERS;

function refuseHeaders(request: IncomingMessage, { headers }: Admission): Admission {
  const message = `Send at most ${MAX_HEADERS} headers.`;
  const body = errorBody(pathOf(request), { message, extensions: { code: 'BAD_USER_INPUT' } });
  return answered(431, [...headers, ...JSON_TYPE], body);
}

function refuseMore(request: IncomingMessage, admission: Admission, refusal: RequestRefused): Admission {
  const path = pathOf(request);
  if (PROBES.has(path)) return admission;
  const headers = [...admission.headers, ...refusal.headers, ...JSON_TYPE];
  return answered(refusal.status, headers, errorBody(path, refusal.errors[0]!));
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0]!;

/** A cache must not give the answer for one origin to another. */
const varying = ({ headers }: Admission): Admission => ({ kind: 'admitted', headers: [...headers, 'vary', 'origin'] });

/** A page can be led to https. What changes something, or carries a credential, was read on its way already: that is said. */
function refusePlain({ method = '', url = '' }: IncomingMessage, path: string, host: string | null): Admission {
  if (SAFE.has(method) && path !== GRAPHQL_PATH && host !== null && url.startsWith('/')) {
    const location = `https://${host.replace(/:\d*$/, '')}${url}`;
    return answered(308, [...SECURITY_HEADERS, 'location', location, 'cache-control', 'no-store'], '');
  }
  const message = 'Use https: this came in the clear, and whoever passed it on could read the credentials in it.';
  return answered(
    403,
    [...SECURITY_HEADERS, ...JSON_TYPE],
    errorBody(path, { message, extensions: { code: 'FORBIDDEN' } }),
  );
}

function answerPreflight({ headers }: Admission, told: readonly string[] | null, origin: string): Admission {
  if (told) return answered(204, [...headers, 'vary', 'origin', ...told], '');
  const message = `Pages of ${origin.slice(0, 200)} may not read answers of this host (CORS_ORIGINS).`;
  return answered(
    403,
    [...headers, 'vary', 'origin', ...JSON_TYPE],
    errorBody('', { message, extensions: { code: 'FORBIDDEN' } }),
  );
}

const answered = (status: number, headers: readonly string[], body: string): Admission => ({
  kind: 'answered',
  status,
  headers: status === 204 ? headers : [...headers, 'content-length', String(Buffer.byteLength(body))],
  body,
});

/** Of `/graphql` as GraphQL has it, of every other path as ours have it (docs/errors.md). */
function errorBody(path: string, error: ErrorBody): string {
  const { message, extensions } = error;
  return JSON.stringify(path === GRAPHQL_PATH ? { errors: [error] } : { error: { code: extensions.code, message } });
}
