import type { ProductContext } from '@inevitable/kit';
import type { JobDesk, SeenAttempt, SeenJob } from '@inevitable/kit/host';
import type { JobAttemptResolvers, JobOutcome, JobResolvers, JobState } from '../generated/resolvers.js';
import { inOneCall } from './in-one-call.js';
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
    // Which machines there are is no tenant's business.
    worker: ({ worker }, _args, { caller }) => (caller.kind === 'platformAdmin' ? worker : null),
  };
}

export const jobAttemptFields: JobAttemptResolvers = {
  outcome: ({ outcome }) => outcome && (outcome.toUpperCase() as JobOutcome),
  log: ({ log }) => [...log],
};

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
