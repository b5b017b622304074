export type { Role } from './access/permissions-of.js';
export type { OperatorTokenRequest } from './flows/sign-in/issue-operator-token.js';
export { identityDatabase } from './identity-database.js';
export { identityPermissions, identityPublicFields } from './identity-subgraph.js';
export type { RemovedExpired } from './jobs/remove-expired.js';
export {
  openIdentity,
  UnusableSetting,
  type Identity,
  type IdentityMaintenance,
  type IdentitySettings,
} from './open-identity.js';
export type { ServiceKey } from './services/service-credentials.js';
export { WrongEncryptionSecret } from './tokens/signing-key.js';
