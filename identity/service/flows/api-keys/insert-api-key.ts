import {
  apiKeySecretHash,
  Conflict,
  newApiKeySecret,
  parseApiKeyId,
  printApiKey,
  type DeploymentContext,
  type TenantId,
  type UserId,
} from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { ApiKey } from '../../generated/prisma/client.js';
import type { Rows } from '../../store/system-database.js';
import { Refusal } from '../refusals.js';

/** Of one tenant. */
const MOST_LIVE_KEYS = 100;

/** As the graph shows it. */
export const API_KEY_COLUMNS = `
  id, tenant_id as "tenantId", name, scopes, created_by as "createdBy", allowed_ips as "allowedIps",
  created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt", last_used_at as "lastUsedAt", replaces`;

export interface ApiKeyToInsert {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdBy: UserId;
  readonly allowedIps: readonly string[];
  readonly expiresAt: Date;
  /** The key it takes the place of, which is not counted. */
  readonly replaces: string | null;
}

/** `key`: what its owner keeps; told here, and never again. */
export interface NewApiKey {
  readonly apiKey: ApiKey;
  readonly key: string;
}

/** Refuses with `Conflict` at the tenant's limit. The tenant is locked, so that two cannot both be the last. */
export async function insertApiKey(
  rows: Rows,
  { tenantId, name, scopes, createdBy, allowedIps, expiresAt, replaces }: ApiKeyToInsert,
  deployment: DeploymentContext,
): Promise<NewApiKey> {
  const id = parseApiKeyId(newId());
  const secret = newApiKeySecret();
  const hash = Buffer.from(apiKeySecretHash(secret), 'base64url');
  const [apiKey] = await rows<ApiKey>(
    `insert into api_keys (id, tenant_id, name, scopes, created_by, allowed_ips, expires_at, replaces, secret_hash)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9
     where ${MOST_LIVE_KEYS} > (
       select count(*) from api_keys
       where tenant_id = $2 and revoked_at is null and expires_at > stack_now() and id is distinct from $8)
     returning ${API_KEY_COLUMNS}`,
    [id, tenantId, name, scopes, createdBy, allowedIps, expiresAt, replaces, hash],
  );
  if (!apiKey)
    throw new Refusal(
      new Conflict(`A tenant has at most ${MOST_LIVE_KEYS} API keys that work. Revoke one first.`),
      'the tenant has as many keys as it may',
    );
  return { apiKey, key: printApiKey({ deployment, id, secret }) };
}
