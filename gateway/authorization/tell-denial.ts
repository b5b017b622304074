import { auditActorOf, requestInLog, type RequestContext, type SecurityEventSink } from '@inevitable/contract';

/** A known caller's alone: that nobody may see what is protected is no news. */
export function tellDenial(context: RequestContext, securityEvent: SecurityEventSink): void {
  const { caller, tenant } = context;
  if (caller.kind === 'anonymous') return;
  const tenantId = tenant?.id ?? null;
  const denial = { product: 'gateway', code: 'UNAUTHORIZED_FIELD_OR_TYPE' } as const;
  securityEvent('denied', { ...denial, tenantId, ...auditActorOf(caller), ...requestInLog(context) });
}
