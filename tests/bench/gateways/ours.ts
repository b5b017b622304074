import { httpSubgraph, startGateway } from '@inevitable/gateway';
import { pino } from 'pino';
import { reportReady } from '../processes/as-child.js';
import { givenSetup } from './gateway-setup.js';
import { identityInMemory } from './identity-in-memory.js';

/** The gateway as it is deployed: tokens verified, revocations followed, a context token to every subgraph. */
const { supergraphSdl, subgraphs, issuer, publicJwk } = await givenSetup();

const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  deployment: 'internal',
  identity: identityInMemory(issuer, publicJwk),
  registry: { current: async () => ({ id: 'bench', sdl: supergraphSdl }) },
  subgraphs: (contextTokens) =>
    new Map(
      Object.entries(subgraphs).map(([name, routingUrl]) => [name, httpSubgraph({ name, routingUrl, contextTokens })]),
    ),
  products: [],
  logger: pino({ level: 'warn' }, pino.destination(2)),
});
await gateway.whenReady();
reportReady(`${gateway.url}/graphql`);
