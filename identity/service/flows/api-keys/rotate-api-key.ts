import { Conflict, NotFound } from '@inevitable/contract';
import { isUuid } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { ApiKey } from '../../generated/prisma/client.js';
import { appendRevocations } from '../../revocation/append-revocations.js';
import type { Rows } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { Refusal } from '../refusals.js';
import { WRITE_API_KEYS } from './api-key-permissions.js';
import { API_KEY_COLUMNS, insertApiKey, type NewApiKey } from './insert-api-key.js';

/** A week. */
const LONGEST_OVERLAP_MINUTES = 10_080;

export const rotateApiKeyInput = z.strictObject({
  id: z.string(),
  overlapMinutes: z.int().min(0).max(LONGEST_OVERLAP_MINUTES),
});

export interface RotatedApiKey extends NewApiKey {
  readonly replaced: ApiKey;
}

interface KeyToRotate extends ApiKey {
  readonly now: Date;
  readonly works: boolean;
  readonly isReplaced: boolean;
}

/**
 * A new key in the place of one's own: of the same name, addresses and length of life, with those of its scopes that its
 * maker still has. The old one works for `overlapMinutes` more. Somebody else's key is `NotFound`, also to administrators:
 * the new one would act as that person. Throws `Conflict` for a key that does not work any more or was rotated before.
 */
export const rotateApiKey = (
  { id, overlapMinutes }: z.output<typeof rotateApiKeyInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<RotatedApiKey> => {
  const { tenantId } = by;
  const action = 'identity.rotate-api-key';
  return withLockedTenant({ action, by, permission: WRITE_API_KEYS }, origin, deps, async (rows, _tenant, standing) => {
    const old = await findOwn(rows, id, by);
    const scopes = old.scopes.filter((scope) => standing.permissions.has(scope));
    if (scopes.length === 0) throw refusal(old, 'It could do nothing that you may do now.', 'none of its scopes left');
    const { name, allowedIps, createdAt, now } = old;
    const expiresAt = new Date(now.getTime() + old.expiresAt.getTime() - createdAt.getTime());
    const made = await insertApiKey(
      rows,
      { tenantId, name, scopes, createdBy: by.userId, allowedIps, expiresAt, replaces: old.id },
      deps.deployment,
    );
    const [replaced] = await rows<ApiKey>(
      `update api_keys set expires_at = least(expires_at, stack_now() + make_interval(mins => $3))
       where tenant_id = $1 and id = $2 returning ${API_KEY_COLUMNS}`,
      [tenantId, old.id, overlapMinutes],
    );
    await appendAudit(rows, {
      tenantId,
      origin,
      action,
      outcome: 'success',
      subject: { type: 'ApiKey', id: old.id },
      details: { replacedBy: made.apiKey.id, scopes, overlapMinutes },
    });
    await appendRevocations(rows, 'apiKey', [old.id]); // gateways ask again, and learn when it ends
    return { ...made, replaced: replaced! };
  });
};

async function findOwn(rows: Rows, id: string, { tenantId, userId }: ActingMember): Promise<KeyToRotate> {
  const [found] = isUuid(id)
    ? await rows<KeyToRotate>(
        `select ${API_KEY_COLUMNS}, stack_now() as now, revoked_at is null and expires_at > stack_now() as works,
           exists (select from api_keys n where n.tenant_id = k.tenant_id and n.replaces = k.id) as "isReplaced"
         from api_keys k where tenant_id = $1 and id = $2 and created_by = $3 for update`,
        [tenantId, id, userId],
      )
    : [];
  if (!found) throw new Refusal(new NotFound('API key'), 'no key of their own');
  if (!found.works) throw refusal(found, 'It does not work any more: create another one.', 'revoked or expired');
  if (found.isReplaced) throw refusal(found, 'It was rotated before: rotate the newer one.', 'rotated before');
  return found;
}

const refusal = ({ id }: ApiKey, answer: string, reason: string): Refusal =>
  new Refusal(new Conflict(answer, 'input.id'), reason, { type: 'ApiKey', id });
