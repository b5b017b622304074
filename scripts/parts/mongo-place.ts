/** Hosts and database of a MongoDB URI, which may be of several hosts and then is no URL: what may be shown of it. */
export function mongoPlace(uri: string): string {
  const [, hosts = '', database = ''] = /^mongodb(?:\+srv)?:\/\/(?:[^/]*@)?([^/?]*)(?:\/([^?]*))?/.exec(uri) ?? [];
  return `${hosts}/${database || 'jobs'}`;
}
