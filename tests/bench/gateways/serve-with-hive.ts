import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGatewayRuntime, useJWT } from '@graphql-hive/gateway';
import { reportReady } from '../processes/as-child.js';
import { AUDIENCE } from './access-tokens.js';
import type { GatewayGiven } from './gateway-setup.js';

type RuntimeConfig = Parameters<typeof createGatewayRuntime>[0];
type UnifiedGraphHandler = Extract<RuntimeConfig, { supergraph: unknown }>['unifiedGraphHandler'];

/** Hive's runtime with its own JWT plugin; everything else as it comes. */
export async function serveWithHive(
  { supergraphSdl, publicKey, issuer }: GatewayGiven,
  unifiedGraphHandler?: UnifiedGraphHandler,
): Promise<void> {
  // The plugin hands what it is given to jsonwebtoken on every request: as text the key would be imported each time.
  const signingKey = publicKey as unknown as string;
  const useCallers = useJWT({
    signingKeyProviders: [() => signingKey],
    tokenVerification: { algorithms: ['ES256'], issuer, audience: AUDIENCE },
    reject: { missingToken: false, invalidToken: true },
  });
  const runtime = createGatewayRuntime({
    supergraph: supergraphSdl,
    ...(unifiedGraphHandler && { unifiedGraphHandler }),
    logging: 'error',
    plugins: () => [useCallers as never], // the packages' own declarations of one plugin type disagree
  });
  const server = createServer((request, response) => void runtime(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  reportReady(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
}
