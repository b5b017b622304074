import { ApolloGateway } from '@apollo/gateway';
import { givenSetup } from './gateway-setup.js';
import { serveWithApollo } from './serve-with-apollo.js';

const given = await givenSetup();
await serveWithApollo(new ApolloGateway({ supergraphSdl: given.supergraphSdl }), given);
