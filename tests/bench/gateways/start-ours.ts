import { httpSubgraph, startGateway, type GatewayOptions, type RunningGateway } from '@inevitable/gateway';
import { pino } from 'pino';
import { asDeployed } from './deployed.js';
import type { GatewayGiven } from './gateway-setup.js';
import { identityInMemory } from './identity-in-memory.js';

export const log = pino({ level: 'warn' }, pino.destination(2));

/**
 * The gateway as it is deployed: tokens verified, revocations followed, a context token to every subgraph, and protected.
 * `options` in place of that.
 */
export async function startOurs(
  { supergraphSdl, subgraphs, issuer, publicJwk }: GatewayGiven,
  options: Partial<GatewayOptions> = {},
): Promise<RunningGateway> {
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    deployment: 'internal',
    identity: identityInMemory(issuer, publicJwk),
    registry: { current: async () => ({ id: 'bench', sdl: supergraphSdl }) },
    subgraphs: (contextTokens) =>
      new Map(
        Object.entries(subgraphs).map(([name, routingUrl]) => [
          name,
          httpSubgraph({ name, routingUrl, contextTokens }),
        ]),
      ),
    products: [],
    logger: log,
    ...asDeployed(),
    ...options,
  });
  await gateway.whenReady();
  return gateway;
}
