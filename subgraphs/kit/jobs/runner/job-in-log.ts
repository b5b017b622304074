import { traceIdOf } from '@inevitable/contract';
import type { ClaimedJob } from '../store/job-store.js';

/** What lines of the log call a run, and the request that enqueued the job: by its trace, not by that of the run's spans. */
export const jobInLog = ({ name, id, correlationId, trace, attempt }: ClaimedJob): object => ({
  job: name,
  id,
  correlationId,
  traceId: traceIdOf(trace),
  attempt,
});
