import type { Logger } from 'pino';
import type { PlanOrigin } from '../executor/operation-plan.js';
import { validateDocument } from '../limits/validate-document.js';
import { planAhead } from '../pipeline/plan-operation.js';
import type { Snapshot } from './snapshot.js';
import type { ValidDocument } from './valid-document.js';

/** So many operations are planned before a supergraph takes over; the rest are planned when they come. */
const WARMED_OPERATIONS = 200;
const LONGEST_MS = 5_000;

/** Plans on `next` what `before` was asked most, where it still fits. What fails here is met again by who asks for it. */
export async function warmUp(next: Snapshot, before: Snapshot, log: Logger): Promise<void> {
  const until = performance.now() + LONGEST_MS;
  let planned = 0;
  for (const { origin } of before.plans.mostUsed(WARMED_OPERATIONS)) {
    if (performance.now() > until) break;
    const document = origin.deniedKey === '' ? carriedOver(origin, next) : null;
    if (document && (await succeeds(() => planAhead({ ...origin, document }, next)))) planned++;
  }
  log.info({ planned }, 'Planned the most used operations on the new supergraph.');
}

/** The document among the next snapshot's valid ones; null where it does not fit any more. */
function carriedOver({ document: { document, source, hash } }: PlanOrigin, next: Snapshot): ValidDocument | null {
  const known = next.documents.get(source);
  if (known) return known;
  if (validateDocument(next.schema, document, { maxErrors: 1 }).length > 0) return null;
  const valid = { document, source, hash, operations: new Map() };
  next.documents.keep(valid);
  return valid;
}

const succeeds = (act: () => Promise<void>): Promise<boolean> =>
  act().then(
    () => true,
    () => false,
  );
