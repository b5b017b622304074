import type { SecurityEventSink } from '@inevitable/contract';
import type { GatheredExtensions } from './gather-extensions.js';
import type { OperationSeen, Verdict } from './gateway-extension.js';
import { tellRefusal } from './tell-refusal.js';

/** `extensions`, whose refusals are security events. What they fail at is none. */
export function watchedRefusals(extensions: GatheredExtensions, securityEvent: SecurityEventSink): GatheredExtensions {
  const { onOperation } = extensions;
  if (onOperation === null) return extensions;

  const tell = (error: unknown, { context }: OperationSeen): void => tellRefusal(error, context, securityEvent);
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
