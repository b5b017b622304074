/** Of a URI that names none. */
const DATABASE = 'jobs';

/** By hand: a URI of several hosts is no URL. */
const URI = /^mongodb(?:\+srv)?:\/\/(?:[^/]*@)?([^/?]*)(?:\/([^?]*))?/;

export const isMongoUrl = (url: string): boolean => /^mongodb(\+srv)?:\/\//.test(url);

/** Throws `URIError` where it is not percent-encoded well. */
export const databaseNameOf = (uri: string): string => decodeURIComponent(URI.exec(uri)?.[2] || DATABASE);

/** Hosts and database: what may be shown of a MongoDB URI. */
export function mongoPlace(uri: string): string {
  const [, hosts = '', database] = URI.exec(uri) ?? [];
  return `${hosts}/${database || DATABASE}`;
}
