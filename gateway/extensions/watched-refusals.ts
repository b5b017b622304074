import { auditActorOf, CallerError, type SecurityEventSink } from '@inevitable/contract';
import type { GatheredExtensions } from './gather-extensions.js';
import type { OperationSeen, Verdict } from './gateway-extension.js';

/** `extensions`, whose refusals are security events. What they fail at is none. */
export function watchedRefusals(extensions: GatheredExtensions, securityEvent: SecurityEventSink): GatheredExtensions {
  const { onOperation } = extensions;
  if (onOperation === null) return extensions;

  const tell = (error: unknown, { context }: OperationSeen): void => {
    if (!(error instanceof CallerError)) return;
    const { tenant, caller, requestId } = context;
    const who = caller.kind === 'anonymous' ? {} : auditActorOf(caller);
    securityEvent('operation refused', { code: error.code, tenantId: tenant?.id ?? null, ...who, requestId });
  };
  const seen = (verdict: Verdict, operation: OperationSeen): Verdict => {
    if (verdict.kind === 'reject') tell(verdict.error, operation);
    return verdict;
  };
  const failed = (error: unknown, operation: OperationSeen): never => {
    tell(error, operation);
    throw error;
  };
  return {
    ...extensions,
    onOperation(operation) {
      let verdict: Verdict | Promise<Verdict>;
      try {
        verdict = onOperation(operation);
      } catch (error) {
        return failed(error, operation);
      }
      if (!(verdict instanceof Promise)) return seen(verdict, operation);
      return verdict.then(
        (given) => seen(given, operation),
        (error: unknown) => failed(error, operation),
      );
    },
  };
}
