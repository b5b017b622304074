import { defineSubgraph } from '@inevitable/kit';
import { resolvers } from './graph/resolvers.js';
import { identityDatabase } from './identity-database.js';
import type { IdentityService } from './identity-service.js';
import { identityJobs } from './jobs/identity-jobs.js';
import type { IdentityMaintenance } from './open-identity.js';
import { authRoutes } from './routes/auth-routes.js';
import { wellKnownRoutes } from './routes/well-known-routes.js';

/** What a role can be given in identity itself. */
export const identityPermissions = ['identity:members:read'] as const;

/** Whoever signs in has no token yet. */
export const identityPublicFields = [
  'Mutation.signIn',
  'Mutation.refreshSession',
  'Mutation.signOut',
  'AuthTokens.*',
  'SignOutPayload.*',
] as const;

/** Identity as a subgraph like any other. */
export const identitySubgraph = (service: IdentityService, maintenance: IdentityMaintenance) =>
  defineSubgraph({
    name: 'identity',
    owner: 'team-identity',
    schema: new URL('./graph/schema.graphql', import.meta.url),
    resolvers: resolvers(service.flows),
    permissions: identityPermissions,
    jobs: identityJobs(maintenance),
    publicFields: identityPublicFields,
    routes: { ...authRoutes(service), ...wellKnownRoutes(service) },
    // Subgraphs verify the gateway's word with these keys, so they cannot need that word to read them.
    openRoutes: [
      'GET /.well-known/jwks.json',
      'GET /.well-known/context-jwks.json',
      'GET /.well-known/openid-configuration',
    ],
    database: identityDatabase,
  });
