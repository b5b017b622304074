import { isUtf8 } from 'node:buffer';
import type { RawHeaders } from '../authentication/authenticate-caller.js';
import { readDocumentName } from '../documents/read-document-name.js';
import { negotiateFormat, type AcceptedFormats, type IncrementalSpec } from '../graphql-over-http/media-types.js';
import { nestsTooDeeply } from '../graphql-over-http/json-depth.js';
import { badRequest } from '../graphql-over-http/request-refused.js';
import type { RequestFacts } from '../routing/request-facts.js';
import { isEventId } from '../streaming/event-id.js';

/** An HTTP request to /graphql, whatever it holds. */
export interface GatewayRequest {
  readonly method: string;
  /** The raw query string, without `?`. */
  readonly search: string;
  readonly header: (name: string) => string | undefined;
  readonly rawHeaders: RawHeaders;
  /** Null where the request had none. */
  readonly body: Buffer | null;
  readonly facts: RequestFacts;
}

export type { IncrementalSpec };

/** A well-formed GraphQL request, over whatever it came. What its document says is not known yet. */
export interface ReceivedOperation {
  /** The document's text. Null: `documentId` names it. */
  readonly query: string | null;
  /** A document's SHA-256, hexadecimal, or an id of a list. Null: its text is all that is sent. */
  readonly documentId: string | null;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** False on GET, which must be safe (RFC 9110, section 9.2.1). */
  readonly mayMutate: boolean;
  /** The client reads several payloads: it may subscribe. */
  readonly mayStream: boolean;
  /** Null: the client reads one answer, and what it defers is in it. */
  readonly incremental: IncrementalSpec | null;
  /** Where a subscription goes on; null: from now on. */
  readonly lastEventId: string | null;
  /** A header by lower-case name. */
  readonly header: (name: string) => string | undefined;
  readonly rawHeaders: RawHeaders;
  readonly facts: RequestFacts;
}

/** An operation that is answered over HTTP. */
export interface ReceivedRequest extends ReceivedOperation {
  readonly formats: AcceptedFormats;
}

/** Reads the request as the GraphQL-over-HTTP draft wants it. Throws `RequestRefused` (400, 403, 405, 406, 415). */
export function receive(request: GatewayRequest): ReceivedRequest {
  const { method, header, rawHeaders, facts } = request;
  const formats = negotiateFormat(header('accept'));
  if (formats === null)
    throw badRequest(
      'Accept application/graphql-response+json, application/json, text/event-stream or multipart/mixed.',
      406,
    );
  if (method !== 'GET' && method !== 'POST') throw badRequest('Use GET or POST.', 405, ['allow', 'GET, POST']);
  const parameters = method === 'GET' ? parametersOfGet(request) : parametersOfPost(request);
  const { query, documentId, operationName, variables, extensions } = parameters;
  return {
    query,
    documentId,
    operationName,
    variables,
    mayMutate: method === 'POST',
    formats,
    mayStream: formats.subscription !== null,
    incremental: formats.increments,
    lastEventId: checkLastEventId(header('last-event-id') ?? extensions?.lastEventId),
    header,
    rawHeaders,
    facts,
  };
}

interface Parameters {
  readonly query: string | null;
  readonly documentId: string | null;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly extensions: Readonly<Record<string, unknown>> | null;
}

/** The last event a client has seen, as it says. Throws `RequestRefused` for what names none. */
export function checkLastEventId(value: unknown): string | null {
  if (isAbsent(value) || value === '') return null;
  if (isEventId(value)) return value;
  throw badRequest('The last event id must be a string of at most 200 printable ASCII characters.');
}

/**
 * A browser sends a GET without preflight from any page, so a page elsewhere could make a visitor's browser ask. Here
 * that gains it nothing: GET runs queries only, credentials travel in `Authorization` (which itself needs a preflight)
 * and never in cookies, and the answer stays unreadable without CORS. What is left – timing and load from strangers'
 * browsers – is refused where the browser says so itself (Fetch Metadata, `Sec-Fetch-Site`). A tool without such a
 * header (curl, a server) is not a browser, and needs no special header to ask.
 */
function refuseCrossSite(request: GatewayRequest): void {
  const site = request.header('sec-fetch-site');
  if (site !== 'cross-site' && site !== 'same-site') return;
  const preflighted = ['authorization', 'apollo-require-preflight', 'x-apollo-operation-name'];
  if (preflighted.some((name) => request.header(name) !== undefined)) return;
  throw badRequest('Send the header "apollo-require-preflight" with a GET request from another site.', 403);
}

function parametersOfGet(request: GatewayRequest): Parameters {
  refuseCrossSite(request);
  if (!isPercentEncodedUtf8(request.search)) throw badRequest('The query string is not percent-encoded UTF-8.');
  const search = new URLSearchParams(request.search);
  for (const name of ['query', 'documentId', 'operationName', 'variables', 'extensions'])
    if (search.getAll(name).length > 1) throw badRequest(`Send "${name}" once.`);
  const json = (name: string): unknown => {
    const text = search.get(name);
    return text === null || text === '' ? null : parseJson(text, `The parameter "${name}"`);
  };
  return checkParameters({
    query: search.get('query'),
    documentId: search.get('documentId'),
    operationName: search.get('operationName') || null,
    variables: json('variables'),
    extensions: json('extensions'),
  });
}

function parametersOfPost(request: GatewayRequest): Parameters {
  const type = request.header('content-type') ?? '';
  if (type !== JSON_TYPE) checkContentType(type);
  const encoding = request.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity')
    throw badRequest('Send the request body without compression.', 415);
  const { body } = request;
  if (!body || body.length === 0) throw badRequest('The request body is empty; send a JSON object with "query".');
  if (!isUtf8(body)) throw badRequest('The request body is not UTF-8.');
  const json = parseJson(body.toString(), 'The request body');
  if (Array.isArray(json)) throw badRequest('Send one operation per request; batches are not supported.');
  if (typeof json !== 'object' || json === null)
    throw badRequest('The request body must be a JSON object with "query".');
  return checkParameters(json);
}

/** `URLSearchParams` would put replacement characters for what is not. */
function isPercentEncodedUtf8(search: string): boolean {
  try {
    decodeURIComponent(search);
    return true;
  } catch {
    return false;
  }
}

/** Only this type needs a preflight; the ones a form can send (text/plain, multipart, urlencoded) are refused. */
const JSON_TYPE = 'application/json';

function checkContentType(header: string): void {
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  if (type !== JSON_TYPE) throw badRequest('Send the request as application/json.', 415);
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')
    throw badRequest('Send the request body in UTF-8.', 415);
}

function checkParameters(parameters: object): Parameters {
  const { query, documentId, operationName, variables, extensions } = parameters as Readonly<Record<string, unknown>>;
  if (!isAbsent(operationName) && typeof operationName !== 'string')
    throw badRequest('"operationName" must be a string.');
  if (!isAbsent(variables) && !isMap(variables)) throw badRequest('"variables" must be a JSON object.');
  if (!isAbsent(extensions) && !isMap(extensions)) throw badRequest('"extensions" must be a JSON object.');
  const name = readDocumentName({ query, documentId, extensions });
  return {
    query: name.query,
    documentId: name.documentId,
    operationName: operationName ?? null,
    variables: variables ?? {},
    extensions: extensions ?? null,
  };
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parseJson(text: string, what: string): unknown {
  if (nestsTooDeeply(text)) throw badRequest(`${what} nests JSON too deeply.`);
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(`${what} is not valid JSON.`); // the parser's own words would repeat the text, secrets included
  }
}
