import type { EventExtensions } from '@inevitable/contract';
import type { ExecutionResult } from 'graphql';

/** A subgraph may be anybody's: what does not fit is not there. */
export function extensionsOf({ extensions }: ExecutionResult): EventExtensions {
  const { eventId, eventsMissed } = (extensions ?? {}) as Readonly<Record<string, unknown>>;
  return {
    ...(typeof eventId === 'string' && { eventId }),
    ...(eventsMissed === true && { eventsMissed }),
  };
}
