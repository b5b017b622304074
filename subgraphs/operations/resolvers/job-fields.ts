import { inOneCall, type ProductContext } from '@inevitable/kit';
import type { JobDesk, SeenAttempt, SeenJob } from '@inevitable/kit/host';
import type { JobAttemptResolvers, JobOutcome, JobResolvers, JobState } from '../generated/resolvers.js';
import { jobScopeOf } from './job-scope-of.js';

export function jobFields(desk: JobDesk): JobResolvers {
  const attemptsOf = inOneCall<ProductContext, SeenAttempt>(async (context, ids) =>
    byParent(
      await desk.attempts(jobScopeOf(context), ids),
      ({ jobId }) => jobId,
      (attempt) => attempt,
    ),
  );
  const dependenciesOf = inOneCall<ProductContext, SeenJob>(async (context, ids) =>
    byParent(
      await desk.dependencies(jobScopeOf(context), ids),
      ({ jobId }) => jobId,
      ({ waitsFor }) => waitsFor,
    ),
  );
  return {
    state: ({ state }) => state.toUpperCase() as JobState,
    attemptLog: ({ id }, _args, context) => attemptsOf(id, context),
    dependencies: ({ id }, _args, context) => dependenciesOf(id, context),
    error: ({ error }, _args, context) => errorFor(context, error),
    // Which machines there are is no tenant's business.
    worker: ({ worker }, _args, { caller }) => (caller.kind === 'platformAdmin' ? worker : null),
  };
}

export const jobAttemptFields: JobAttemptResolvers = {
  outcome: ({ outcome }) => outcome && (outcome.toUpperCase() as JobOutcome),
  error: ({ error }, _args, context) => errorFor(context, error),
  log: ({ log }) => [...log],
};

/** What was thrown is written for operators: it may name hosts, tables or whatever a library puts into its messages. */
const errorFor = ({ caller }: ProductContext, error: string | null): string | null =>
  error === null || caller.kind === 'platformAdmin' ? error : MASKED;
const MASKED = 'It failed on our side. Operators find why by the correlation id.';

function byParent<Read, Row>(
  read: readonly Read[],
  parent: (read: Read) => string,
  row: (read: Read) => Row,
): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const each of read) {
    const rows = found.get(parent(each));
    if (rows) rows.push(row(each));
    else found.set(parent(each), [row(each)]);
  }
  return found;
}
