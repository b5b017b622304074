import { Forbidden } from '@inevitable/contract';
import { originOf, type Origin } from '../../audit/origin.js';
import type { FlowDeps } from '../../flows/flow-deps.js';
import { auditRefusals, Refusal } from '../../flows/refusals.js';
import type { IdentityContext } from '../identity-context.js';

/** Work of platform administrators. Refuses whoever is none, and keeps that in the chain of their tenant. */
export function asAdministrator<T>(
  action: string,
  context: IdentityContext,
  deps: FlowDeps,
  work: (origin: Origin) => Promise<T>,
): Promise<T> {
  const origin = originOf(context);
  return auditRefusals({ tenantId: context.tenant?.id ?? null, origin, action }, deps, async () => {
    if (context.caller.kind !== 'platformAdmin')
      throw new Refusal(new Forbidden('Only a platform administrator may do this.'), 'no platform administrator');
    return work(origin);
  });
}
