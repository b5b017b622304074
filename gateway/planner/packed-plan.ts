import type { PlannedDocument } from './planner.js';

/**
 * A planned document as JSON. So it leaves its thread, and so it is remembered: V8 reads JSON sooner than it clones objects, and one
 * text weighs less than the thousand objects in it, which a collection of garbage would go through one by one.
 */
export type PackedPlan = string;

export const packPlan = ({ plan, renamed, clientVariables }: PlannedDocument): PackedPlan =>
  JSON.stringify({ plan, renamed: [...renamed], clientVariables: [...clientVariables] });

export function unpackPlan(packed: PackedPlan): PlannedDocument {
  const { plan, renamed, clientVariables } = JSON.parse(packed) as Pick<PlannedDocument, 'plan'> &
    Record<'renamed' | 'clientVariables', [string, string][]>;
  return { plan, renamed: new Map(renamed), clientVariables: new Map(clientVariables) };
}
