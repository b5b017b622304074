import {
  auditActorOf,
  CallerError,
  requestInLog,
  type RequestContext,
  type SecurityEventSink,
} from '@inevitable/contract';

/** An operation was refused: with what, and whose it was. What failed on our side is no refusal. */
export function tellRefusal(error: unknown, context: RequestContext, securityEvent: SecurityEventSink): void {
  if (!(error instanceof CallerError)) return;
  const { tenant, caller } = context;
  const who = caller.kind === 'anonymous' ? {} : auditActorOf(caller);
  const facts = { tenantId: tenant?.id ?? null, ...who, ...requestInLog(context) };
  securityEvent('operation refused', { code: error.code, ...facts });
}
