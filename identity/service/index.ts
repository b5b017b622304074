export type { Role } from './access/permissions-of.js';
export type { IdentityAdministration } from './flows/administration/administration.js';
export type { AdministratorInvited } from './flows/administration/invite-administrator.js';
export type { TenantListed } from './flows/administration/list-tenants.js';
export type { UserListed } from './flows/administration/list-users.js';
export type { DeletionFound } from './flows/tenants/find-deletion.js';
export type { DataExport } from './flows/exports/find-export.js';
export type { TenantDataDesk } from './flows/administration/tenant-data-desk.js';
export type { OperatorTokenRequest } from './flows/sign-in/issue-operator-token.js';
export {
  OF_NO_TENANT,
  type AuditChains,
  type ChainName,
  type ChainVerdict,
  type ListedEvent,
} from './audit/audit-chains.js';
export type { KnownHead } from './audit/verify-chain.js';
export { identityDatabase } from './identity-database.js';
export { identityPermissions, identityPublicFields } from './identity-subgraph.js';
export type { RemovedExpired } from './jobs/remove-expired.js';
export {
  openIdentity,
  UnusableSetting,
  type Identity,
  type IdentityMaintenance,
  type IdentitySettings,
  type SigningKeyDesk,
} from './open-identity.js';
export type { ServiceKey } from './services/service-credentials.js';
export type { KeyRevocation } from './tokens/revoke-signing-key.js';
export type { KeptSigningKeys, KeyRotation } from './tokens/rotate-signing-keys.js';
export { WrongEncryptionSecret } from './tokens/signing-key.js';
export type { SigningKeyRecord, SigningKeyState } from './tokens/signing-keys.js';
