import { readRequirements } from '@inevitable/gateway';
import type { Severity } from '../findings/finding.js';
import { requirementInWords } from '../explain/requirement-in-words.js';
import { affectedBy } from './affected.js';
import { changedRequirements, type ChangedRequirement } from './changed-requirements.js';
import type { AccessChange } from './check-report.js';
import { definedAt, type PlacesOfSides } from './defined-at.js';
import type { ApiSchemas, Validity } from './judge-changes.js';
import type { KnownOperation } from './known-operation.js';
import { inTurns, type OperationIndex } from './operation-index.js';

/**
 * Compares who may see what, which neither the schema clients see nor a plan shows: `@authenticated`, `@requiresScopes` and
 * `@policy` in two supergraphs (SDL). More takes answers away from callers that do not have it; less opens what was closed.
 * Warnings come first. Throws `UnreadableAccessControl` for a supergraph of which no gateway could tell.
 */
export async function judgeAccess(
  sdls: { readonly base: string; readonly candidate: string },
  schemas: ApiSchemas,
  index: OperationIndex,
  { onBase, onCandidate }: { readonly onBase: Validity; readonly onCandidate: Validity },
  places: PlacesOfSides,
  progress: (done: number, total: number) => void = () => undefined,
): Promise<readonly AccessChange[]> {
  const changes = changedRequirements(
    { schema: schemas.base, declared: readRequirements(sdls.base) },
    { schema: schemas.candidate, declared: readRequirements(sdls.candidate) },
  );
  const valid = new Set<KnownOperation>();
  await inTurns(index.using(changes.flatMap(fieldsOf)), progress, (operation) => {
    if (onBase(operation).length === 0 && onCandidate(operation).length === 0) valid.add(operation);
  });
  const isUsageKnown = index.isUsageKnown;

  const access = changes.map((change): AccessChange => {
    const { coordinate, before, after } = change;
    const affected = index.using(fieldsOf(change)).filter((operation) => valid.has(operation));
    return {
      code: codeOf(change),
      coordinate,
      severity: severityOf(change, affected.length > 0 || !isUsageKnown),
      message: inWords(change),
      before,
      after,
      ...definedAt(coordinate, places, whereItChanged(coordinate, places)),
      affected: affectedBy(affected),
    };
  });
  return access.toSorted((left, right) => rank(left.severity) - rank(right.severity));
}

/** Whose users are concerned: where something gets closed to somebody, they alone. */
const fieldsOf = ({ tightened, loosened }: ChangedRequirement): readonly string[] =>
  tightened.length > 0 ? tightened : loosened;

function codeOf({ before, after }: ChangedRequirement): AccessChange['code'] {
  if (before.length === 0) return 'ACCESS_REQUIREMENT_ADDED';
  return after.length === 0 ? 'ACCESS_REQUIREMENT_REMOVED' : 'ACCESS_REQUIREMENT_CHANGED';
}

/** Never an error: the callers may well have what is needed now. */
function severityOf({ tightened, opens }: ChangedRequirement, isUsed: boolean): AccessChange['severity'] {
  return opens || (tightened.length > 0 && isUsed) ? 'warning' : 'hint';
}

const rank = (severity: Severity): number => (severity === 'warning' ? 0 : 1);

function inWords({ coordinate, before, after, tightened, loosened }: ChangedRequirement): string {
  const [was, is] = [before, after].map((all) => all.map(requirementInWords).join('; and '));
  if (after.length === 0) return `'${coordinate}' needs nothing of its callers any more. Before: ${was}.`;
  const how = tightened.length === 0 ? 'less' : loosened.length === 0 ? 'more' : 'something else';
  return `'${coordinate}' needs ${how} of its callers than before: ${is}.${before.length === 0 ? '' : ` Before: ${was}.`}`;
}

/** The candidate's subgraphs whose own directives on it are not what they were. */
function whereItChanged(coordinate: string, { base, candidate }: PlacesOfSides): readonly string[] {
  return candidate
    .subgraphsOf(coordinate)
    .filter((subgraph) => candidate.directivesOf(coordinate, subgraph) !== base.directivesOf(coordinate, subgraph));
}
