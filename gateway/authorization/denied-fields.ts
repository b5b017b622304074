import type { FieldNode } from 'graphql';
import type { OperationRequirements } from './operation-requirements.js';
import type { Requirement } from './requirement.js';

/** The fields of which something is not met. */
export function deniedFields(
  { protectedFields }: OperationRequirements,
  unmet: ReadonlySet<Requirement>,
): ReadonlySet<FieldNode> {
  const denied = new Set<FieldNode>();
  for (const [field, requirements] of protectedFields)
    if (requirements.some((requirement) => unmet.has(requirement))) denied.add(field);
  return denied;
}
