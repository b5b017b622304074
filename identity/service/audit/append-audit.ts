import { createHash, randomBytes } from 'node:crypto';
import type { TenantId, UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import canonicalize from 'canonicalize';
import type { Rows } from '../store/system-database.js';
import type { Origin } from './origin.js';

/** The chain of what happens in no tenant: a sign-in of nobody, a key's rotation. */
export const PLATFORM_CHAIN = '00000000-0000-0000-0000-000000000000';

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
  const personal = personalOf(entry);
  const record = canonicalize({
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
    ...(personal && { personal: personalHash(personal.salt, personal.data) }),
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

function personalOf({ origin, personal }: AuditEntry) {
  const { address, agent } = origin.client;
  const data = {
    ...personal?.data,
    ...(address !== null && { address }),
    ...(agent !== null && { agent }),
  };
  return Object.keys(data).length > 0 ? { salt: randomBytes(16), data } : null;
}

/** What the record says of personal data: hexadecimal SHA-256 of the salt and their canonical JSON. */
export const personalHash = (salt: Buffer, data: object): string =>
  createHash('sha256').update(salt).update(canonicalize(data)!).digest('hex');
