import type { Settings } from '../settings/settings.js';

/** Where a subgraph's process is: `<NAME>_URL` where given, else the origin of its routing_url. */
export function originOf(settings: Settings, name: string, routingUrl: string): string {
  if (name === 'identity') return settings.identityUrl;
  if (name === 'operations') return settings.operationsUrl;
  return settings.subgraphUrl(name) ?? new URL(routingUrl).origin;
}

/** Its GraphQL endpoint there. */
export const graphqlUrlOf = (settings: Settings, name: string, routingUrl: string): string =>
  originOf(settings, name, routingUrl) + new URL(routingUrl).pathname;
