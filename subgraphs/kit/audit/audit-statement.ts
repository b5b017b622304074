import { auditActorOf, NO_CLIENT, type AuditRecord, type RequestContext } from '@inevitable/contract';
import type { QueryConfig } from 'pg';
import { newId } from '../graph/new-id.js';

/** What the outbox holds of a record beside its own columns. */
export type AuditPayload = Omit<AuditRecord, 'id' | 'tenantId' | 'action' | 'occurredAt' | 'requestId'>;

/** What is done in no tenant is kept under the id of nobody: in the outbox, and in the chains. */
export const NO_TENANT = '00000000-0000-0000-0000-000000000000';

const INSERT = `insert into outbox (tenant_id, id, kind, name, aggregate, payload, correlation_id)
  values ($1, $2::uuid, 'audit', $3, $2::uuid::text, $4, $5)`;

/** The statement that leaves a record of what `context`'s caller did, for the transaction in which it was done. */
export function auditStatement(
  context: RequestContext,
  action: string,
  outcome: Pick<AuditPayload, 'outcome' | 'reason' | 'subjects' | 'leftOut'>,
): QueryConfig {
  const { client, sessionId, requestId, tenant, caller } = context;
  const payload: AuditPayload = { ...auditActorOf(caller), sessionId, client, ...outcome };
  return { text: INSERT, values: [tenant?.id ?? NO_TENANT, newId(), action, JSON.stringify(payload), requestId] };
}

/** The same for what an operator did at the machine, in no tenant: for a transaction of the system role. */
export function operatorAuditStatement(action: string): QueryConfig {
  const payload: AuditPayload = {
    actor: { kind: 'operator', id: null },
    onBehalfOf: null,
    sessionId: null,
    client: NO_CLIENT,
    outcome: 'success',
    reason: null,
    subjects: [],
    leftOut: 0,
  };
  return { text: INSERT, values: [NO_TENANT, newId(), action, JSON.stringify(payload), newId()] };
}
