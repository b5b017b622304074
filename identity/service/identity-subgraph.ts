import { defineSubgraph } from '@inevitable/kit';
import { resolvers } from './graph/resolvers.js';
import { identityDatabase } from './identity-database.js';
import type { IdentityService } from './identity-service.js';
import { identityJobs } from './jobs/identity-jobs.js';
import type { IdentityMaintenance } from './open-identity.js';
import { accountRoutes } from './routes/account-routes.js';
import { authRoutes } from './routes/auth-routes.js';
import { exportRoutes } from './routes/export-routes.js';
import { invitationRoutes } from './routes/invitation-routes.js';
import { wellKnownRoutes } from './routes/well-known-routes.js';

/** What a role can be given in identity itself. */
export const identityPermissions = [
  'identity:members:read',
  'identity:members:admin',
  'identity:roles:admin',
  'identity:tenant:admin',
  'identity:entitlements:read',
  'identity:audit:admin',
  'identity:api-keys:write',
  'identity:api-keys:admin',
] as const;

/** Whoever signs in has no token yet. */
export const identityPublicFields = [
  'Mutation.signIn',
  'Mutation.completeSignIn',
  'Mutation.refreshSession',
  'Mutation.signOut',
  'AuthTokens.*',
  'SignOutPayload.*',
  'Mutation.joinByInvitation',
  'JoinByInvitationPayload.*',
  'Mutation.register',
  'RegisterPayload.*',
  'Mutation.verifyEmail',
  'VerifyEmailPayload.*',
  'Mutation.requestPasswordReset',
  'RequestPasswordResetPayload.*',
  'Mutation.resetPassword',
  'ResetPasswordPayload.*',
  'Mutation.confirmChangeEmail',
  'ConfirmChangeEmailPayload.*',
] as const;

/** Identity as a subgraph like any other. */
export function identitySubgraph(service: IdentityService, maintenance: IdentityMaintenance) {
  const auth = { ...authRoutes(service), ...accountRoutes(service), ...invitationRoutes(service) };
  return defineSubgraph({
    name: 'identity',
    owner: 'team-identity',
    schema: new URL('./graph/schema.graphql', import.meta.url),
    resolvers: resolvers(service.flows),
    permissions: identityPermissions,
    jobs: identityJobs(maintenance),
    publicFields: identityPublicFields,
    routes: { ...auth, ...exportRoutes(service), ...wellKnownRoutes(service, Object.keys(auth)) },
    // Subgraphs verify the gateway's word with these keys, so they cannot need that word to read them.
    openRoutes: [
      'GET /.well-known/jwks.json',
      'GET /.well-known/context-jwks.json',
      'GET /.well-known/archive-jwks.json',
      'GET /.well-known/openid-configuration',
    ],
    database: identityDatabase,
    // Its rows are what all others' hang on: they go last.
    tenantData: 'itself',
    // Its flows append to the chains themselves, refusals and their reasons included.
    audits: 'itself',
  });
}
