import { appendRevocations } from '../revocation/append-revocations.js';
import type { Rows } from '../store/system-database.js';

/**
 * What these tenants may use has changed: tokens that state what it was end. The last statement of its transaction. No
 * session and no key, no token: the feed stays short, however many tenants sleep.
 */
export async function endStaleTokens(rows: Rows, tenantIds: readonly string[]): Promise<void> {
  const awake = await rows<{ id: string }>(
    `select t.id from unnest($1::uuid[]) t (id)
     where exists (select from sessions s where s.tenant_id = t.id and s.ended_at is null and s.expires_at > stack_now())
       or exists (select from api_keys k where k.tenant_id = t.id and k.revoked_at is null)`,
    [tenantIds],
  );
  await appendRevocations(
    rows,
    'entitlements',
    awake.map(({ id }) => id),
  );
}
