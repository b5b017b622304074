import { NotFound } from '@inevitable/contract';
import { isUuid } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { ApiKey } from '../../generated/prisma/client.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { FlowDeps } from '../flow-deps.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { Refusal } from '../refusals.js';
import { ADMINISTER_API_KEYS, WRITE_API_KEYS } from './api-key-permissions.js';
import { API_KEY_COLUMNS } from './insert-api-key.js';

export const revokeApiKeyInput = z.strictObject({ id: z.string() });

/**
 * Ends a key for good: one's own, or with the permission to administer keys anybody's of the tenant. Doing it again changes
 * nothing. Throws `NotFound`.
 */
export const revokeApiKey = (
  { id }: z.output<typeof revokeApiKeyInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<ApiKey> => {
  const { tenantId, userId } = by;
  const action = 'identity.revoke-api-key';
  const permission = by.may.has(ADMINISTER_API_KEYS) ? ADMINISTER_API_KEYS : WRITE_API_KEYS;
  return withLockedTenant({ action, by, permission }, origin, deps, async (rows) => {
    const maker = permission === ADMINISTER_API_KEYS ? null : userId;
    const [known] = isUuid(id)
      ? await rows<ApiKey>(
          `select ${API_KEY_COLUMNS} from api_keys
           where tenant_id = $1 and id = $2 and created_by = coalesce($3, created_by) for update`,
          [tenantId, id, maker],
        )
      : [];
    if (!known) throw new Refusal(new NotFound('API key'), 'no key of this tenant that they may revoke');
    if (known.revokedAt !== null) return known;
    const [revoked] = await rows<ApiKey>(
      `update api_keys set revoked_at = stack_now() where tenant_id = $1 and id = $2 returning ${API_KEY_COLUMNS}`,
      [tenantId, id],
    );
    await appendAudit(rows, {
      tenantId,
      origin,
      action,
      outcome: 'success',
      subject: { type: 'ApiKey', id },
    });
    await appendRevocations(rows, 'apiKey', [id]);
    return revoked!;
  });
};
