import { badRequest, refusal, type RequestRefused } from '../graphql-over-http/request-refused.js';

/**
 * As Apollo Server says it, because clients know it by its words or its code: they send the text with the hash then. 200,
 * which proxies leave alone, and not to be kept: the next answer is another.
 */
export const documentNotFound = (): RequestRefused =>
  refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', {
    headers: ['cache-control', 'private, no-cache, must-revalidate'],
    aboutDocument: true,
  });

/** Says nothing of the document: whether it would fit the schema is not for who may not send it. */
export const documentNotListed = (): RequestRefused =>
  refusal('PERSISTED_QUERY_NOT_IN_LIST', 'Only listed documents are run here, and this one is not in the list.');

export const hashDiffers = (): RequestRefused => badRequest('The hash is not the SHA-256 of "query".');
