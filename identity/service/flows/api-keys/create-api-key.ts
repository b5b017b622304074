import { BadUserInput, canonicalRange } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../flow-deps.js';
import type { ActingMember } from '../members/acting-member.js';
import { withLockedTenant } from '../members/with-locked-tenant.js';
import { Refusal } from '../refusals.js';
import { WRITE_API_KEYS } from './api-key-permissions.js';
import { insertApiKey, type NewApiKey } from './insert-api-key.js';

const DAY_MS = 86_400_000;
/** How long a key works at most, and unless told. */
const LONGEST_LIFE_MS = 366 * DAY_MS;
const MOST_SCOPES = 200;
const MOST_RANGES = 50;

const ipRange = z
  .string()
  .max(100, 'is no IP address and no range of them')
  .transform((text) => canonicalRange(text.trim()))
  .refine((range) => range !== null, 'is no IP address and no range of them, like 192.0.2.0/24');

export const createApiKeyInput = z.strictObject({
  name: plainText({ min: 1, max: 100, singleLine: true }),
  scopes: z
    .array(z.string().min(1).max(200))
    .min(1, 'must name a permission')
    .max(MOST_SCOPES, `must name at most ${MOST_SCOPES} permissions`)
    .transform((scopes) => [...new Set(scopes)]),
  expiresAt: z.date().nullish(),
  allowedIps: z
    .array(ipRange)
    .max(MOST_RANGES, `must have at most ${MOST_RANGES} addresses and ranges`)
    .nullish()
    .transform((ranges) => [...new Set(ranges)]),
});

/**
 * A key that acts as its maker in this tenant, within `scopes`: of these it can do what its maker may do at the time of use.
 * Throws `Forbidden` without the permission to make keys, `BadUserInput` for a scope its maker does not have now, and
 * `Conflict` at the tenant's limit.
 */
export const createApiKey = (
  { name, scopes, expiresAt, allowedIps }: z.output<typeof createApiKeyInput>,
  by: ActingMember,
  origin: Origin,
  deps: FlowDeps,
): Promise<NewApiKey> => {
  const { tenantId, userId: createdBy } = by;
  const action = 'identity.create-api-key';
  return withLockedTenant({ action, by, permission: WRITE_API_KEYS }, origin, deps, async (rows, _tenant, standing) => {
    const foreign = scopes.find((scope) => !standing.permissions.has(scope));
    if (foreign !== undefined)
      throw new Refusal(
        new BadUserInput('Every scope must be one of your own permissions.', 'input.scopes'),
        'a scope beyond the permissions of its maker',
      );
    const [clock] = await rows<{ now: Date }>('select stack_now() as now');
    const made = await insertApiKey(
      rows,
      { tenantId, name, scopes, createdBy, allowedIps, expiresAt: endOf(expiresAt, clock!.now), replaces: null },
      deps.deployment,
    );
    const { id } = made.apiKey;
    await appendAudit(rows, {
      tenantId,
      origin,
      action,
      outcome: 'success',
      subject: { type: 'ApiKey', id },
      details: { scopes, expiresAt: made.apiKey.expiresAt.toISOString() },
    });
    return made;
  });
};

function endOf(wanted: Date | null | undefined, now: Date): Date {
  const latest = new Date(now.getTime() + LONGEST_LIFE_MS);
  if (wanted == null) return latest;
  if (wanted > now && wanted <= latest) return wanted;
  throw new BadUserInput('An API key expires in the future, and within a year.', 'input.expiresAt');
}
