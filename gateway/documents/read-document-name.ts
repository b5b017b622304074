import { badRequest } from '../graphql-over-http/request-refused.js';

/** Hashes have 64; tools that make up ids of their own make shorter ones. */
const MAX_CHARACTERS = 200;
const SHA256_PREFIX = 'sha256:';

/** As clients send them. */
export interface NamesSent {
  readonly query: unknown;
  /** GraphQL over HTTP, appendix A ("Persisted Documents"): `sha256:<hex>`, or an id that the server's list has. */
  readonly documentId: unknown;
  /** Apollo's protocol of persisted queries: `persistedQuery: { version: 1, sha256Hash }`. */
  readonly extensions: Readonly<Record<string, unknown>> | null | undefined;
}

/** One of the two at least. */
export interface DocumentName {
  readonly query: string | null;
  /** Beside a text its SHA-256, hexadecimal; alone that, or an id of a list. */
  readonly documentId: string | null;
}

/**
 * How a document is named. An empty text is none where an id names it: `graphql-ws` wants one. Beside a text, an id that is
 * no hash names nothing: the text is what counts. Throws `RequestRefused`.
 */
export function readDocumentName({ query, documentId, extensions }: NamesSent): DocumentName {
  const hash = hashIn(extensions?.persistedQuery);
  const id = idIn(documentId);
  const plain = id === null ? hash : plainId(id);
  if (hash !== null && hash !== plain)
    throw badRequest('"documentId" and "extensions.persistedQuery" name different documents.');
  if (plain !== null && (query === undefined || query === null || query === ''))
    return { query: null, documentId: plain };
  if (typeof query !== 'string') throw badRequest('"query" must be a string with the GraphQL document.');
  return { query, documentId: plain === id ? hash : plain };
}

/** `sha256:` says what an id is, and is no part of it. */
export const plainId = (id: string): string => (id.startsWith(SHA256_PREFIX) ? id.slice(SHA256_PREFIX.length) : id);

function idIn(documentId: unknown): string | null {
  if (documentId === undefined || documentId === null || documentId === '') return null;
  if (typeof documentId === 'string' && documentId.length <= MAX_CHARACTERS) return documentId;
  throw badRequest(`"documentId" must be a string of at most ${MAX_CHARACTERS} characters.`);
}

function hashIn(persisted: unknown): string | null {
  if (persisted === undefined || persisted === null) return null;
  const { version, sha256Hash } = persisted as Readonly<Record<string, unknown>>;
  if (version !== 1) throw badRequest('"extensions.persistedQuery" must have the version 1.');
  if (typeof sha256Hash === 'string' && sha256Hash !== '' && sha256Hash.length <= MAX_CHARACTERS) return sha256Hash;
  throw badRequest(`"extensions.persistedQuery.sha256Hash" must be a string of at most ${MAX_CHARACTERS} characters.`);
}
