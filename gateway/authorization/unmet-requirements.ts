import { assertNever, type RequestContext } from '@inevitable/contract';
import type { DecidePolicy } from './decide-policies.js';
import { grantedPolicies, type PolicyFailed } from './granted-policies.js';
import type { OperationRequirements } from './operation-requirements.js';
import type { AnyOf, Requirement } from './requirement.js';

/** Which requirements of the operation its caller does not meet. A promise only where a policy has to be asked for. */
export function unmetRequirements(
  { requirements, policies }: OperationRequirements,
  context: RequestContext,
  decide: DecidePolicy,
  onPolicyFailed: PolicyFailed,
): ReadonlySet<Requirement> | Promise<ReadonlySet<Requirement>> {
  const unmet = (granted: ReadonlySet<string>) =>
    new Set(requirements.filter((requirement) => !isMet(requirement, context, granted)));
  const granted = grantedPolicies(policies, context, decide, onPolicyFailed);
  return granted instanceof Promise ? granted.then(unmet) : unmet(granted);
}

function isMet(requirement: Requirement, { caller, may }: RequestContext, granted: ReadonlySet<string>): boolean {
  switch (requirement.kind) {
    case 'authenticated':
      return caller.kind !== 'anonymous';
    case 'scopes':
      return isSatisfied(requirement.anyOf, may);
    case 'policies':
      return isSatisfied(requirement.anyOf, granted);
    default:
      return assertNever(requirement);
  }
}

const isSatisfied = (anyOf: AnyOf, held: ReadonlySet<string>): boolean =>
  anyOf.some((together) => together.every((name) => held.has(name)));
