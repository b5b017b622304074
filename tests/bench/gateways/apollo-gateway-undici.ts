import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { givenSetup } from './gateway-setup.js';
import { serveWithApollo } from './serve-with-apollo.js';
import { undiciFetcher } from './undici-fetcher.js';

/** Without the HTTP client that takes most of its time: what a careful team would run. */
const given = await givenSetup();
const gateway = new ApolloGateway({
  supergraphSdl: given.supergraphSdl,
  buildService: ({ url }) => new RemoteGraphQLDataSource({ url: url!, fetcher: undiciFetcher }),
});
await serveWithApollo(gateway, given);
