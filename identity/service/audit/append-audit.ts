import { randomBytes } from 'node:crypto';
import type { RequestClient, TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Rows } from '../store/system-database.js';
import type { Origin } from './origin.js';
import { personalHash, PLATFORM_CHAIN, recordText } from './record-text.js';

export { PLATFORM_CHAIN };

export type AuditOutcome = 'success' | 'refused';

/** Something that was done or refused. Nothing personal stands in it but in `personal`. */
export interface AuditEntry {
  /** null: in no tenant. */
  readonly tenantId: TenantId | null;
  readonly origin: Origin;
  /** `<product>.<what was done>`, for example `identity.sign-in`. */
  readonly action: string;
  readonly outcome: AuditOutcome;
  /** Why it was refused; no answer says it. */
  readonly reason?: string;
  /** What it was done to. */
  readonly subject?: { readonly type: string; readonly id: string };
  /** JSON, small, and of no person: it can never be erased. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Whose data it is, and the data: kept apart, so that it can be erased and the chain still holds. */
  readonly personal?: { readonly userId: UserId | null; readonly data: Readonly<Record<string, string>> };
}

/**
 * One statement, so that an event is chained wherever it is sent. The head's row is locked until the commit: positions
 * grow in commit order, without a gap.
 */
const APPEND = `
  with head as (
    insert into audit_heads as h (tenant_id, sequence, hash)
    values ($1, 1, sha256(decode(repeat('00', 32), 'hex') || convert_to($4, 'UTF8')))
    on conflict (tenant_id) do update
      set sequence = h.sequence + 1, hash = sha256(h.hash || convert_to($4, 'UTF8'))
    returning sequence, hash
  ), personal as (
    insert into audit_personal (tenant_id, event_id, user_id, salt, data)
    select $1, $2, $5, $6, $7 where $7::jsonb is not null
  )
  insert into audit_events (tenant_id, sequence, id, occurred_at, record, hash)
  select $1, head.sequence, $2, $3, $4, head.hash from head`;

/**
 * Appends to the chain of the tenant: hash = SHA-256(the hash before ‖ canonical JSON of the event, RFC 8785). Within a
 * transaction before `appendRevocations`, and for one chain only: two in another order could wait for each other.
 */
export async function appendAudit(rows: Rows, entry: AuditEntry): Promise<void> {
  const { tenantId, origin, action, outcome, reason, subject, details } = entry;
  const [clock] = await rows<{ now: Date }>('select stack_now() as now');
  const id = newId();
  const personal = personalOf(origin.client, entry.personal?.data);
  const record = recordText({
    id,
    tenant: tenantId,
    at: clock!.now.toISOString(),
    action,
    outcome,
    actor: origin.actor,
    ...(origin.sessionId !== null && { session: origin.sessionId }),
    ...(origin.requestId !== null && { request: origin.requestId }),
    ...(reason !== undefined && { reason }),
    ...(subject && { subject }),
    ...(details && { details }),
    ...(personal && { personal: personal.hash }),
  });
  await rows(APPEND, [
    tenantId ?? PLATFORM_CHAIN,
    id,
    clock!.now,
    record,
    entry.personal?.userId ?? (origin.actor.kind === 'user' ? origin.actor.id : null),
    personal?.salt ?? null,
    personal ? JSON.stringify(personal.data) : null,
  ]);
}

/** What is kept apart from a record, with the hash that the record has of it; null: there is nothing. */
export function personalOf({ address, agent }: RequestClient, own: Readonly<Record<string, string>> = {}) {
  const data = { ...own, ...(address !== null && { address }), ...(agent !== null && { agent }) };
  if (Object.keys(data).length === 0) return null;
  const salt = randomBytes(16);
  return { salt, data, hash: personalHash(salt, data) };
}
