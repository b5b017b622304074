import { auditActorOf, CallerError, type RequestContext, type SecurityEventSink } from '@inevitable/contract';

/** An operation was refused: with what, and whose it was. What failed on our side is no refusal. */
export function tellRefusal(
  error: unknown,
  { tenant, caller, requestId }: RequestContext,
  securityEvent: SecurityEventSink,
): void {
  if (!(error instanceof CallerError)) return;
  const who = caller.kind === 'anonymous' ? {} : auditActorOf(caller);
  securityEvent('operation refused', { code: error.code, tenantId: tenant?.id ?? null, ...who, requestId });
}
