import type { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { reportReady } from '../processes/as-child.js';
import type { GatewayGiven } from './gateway-setup.js';
import { verifiedTokens } from './verified-tokens.js';

/** `@apollo/server` as it comes, with the caller in its context. */
export async function serveWithApollo(gateway: ApolloGateway, { publicKey, issuer }: GatewayGiven): Promise<void> {
  const callerOf = verifiedTokens(publicKey, issuer);
  const server = new ApolloServer({ gateway });
  const { url } = await startStandaloneServer(server, {
    listen: { host: '127.0.0.1', port: 0 },
    context: async ({ req }) => ({ caller: callerOf(req.headers.authorization) }),
  });
  reportReady(url);
}
