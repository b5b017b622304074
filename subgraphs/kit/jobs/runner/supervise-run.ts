import { CallerError } from '@inevitable/contract';
import { JobCancelled, retryOf, RunLost, type JobDefinition } from '../define-job.js';
import { tracedRun } from '../observation/job-traces.js';
import type { JobStore } from '../store/job-store.js';
import { fanOut } from './fan-out.js';
import type { HeldRun } from './held-run.js';
import { jobInLog } from './job-in-log.js';
import { giveUp, JobCannotRun, JobNotNow, runJob, type RunJobDeps } from './run-job.js';
import type { Verdict } from './verdict.js';

export interface SuperviseDeps extends Omit<RunJobDeps, 'trace'> {
  readonly store: JobStore;
  /** The worker has run out of patience: what ends by its signal is handed back, and has not failed. */
  readonly isStopping: () => boolean;
}

type Job = JobDefinition<unknown, never>;

/** A `gaveUp` that threw. */
const GIVE_UP_AGAIN_MS = 30_000;
const MOST_GIVE_UPS = 10;

/**
 * One run, until it ends or must end. Leaves its verdict on `held` where the runner knows more than Agenda, and throws
 * what Agenda is to count as a failure.
 */
export async function superviseRun(job: Job, held: HeldRun, deps: SuperviseDeps): Promise<void> {
  let run: RunJobDeps = { ...deps, trace: held.job.trace };
  try {
    held.verdict = await tracedRun(held.job, async (traceparent) => {
      run = { ...run, trace: traceparent };
      if (held.job.isCancelled) return afterCancelling(job, held, run);
      if (held.job.fansOut) return fanOut(held, job, deps);
      if (held.job.attempt > retryOf(job).attempts) return afterTheLast(job, held, run);
      return runJob(job, held, run);
    });
    deps.log.debug({ ...jobInLog(held.job), outcome: held.verdict.outcome }, 'a job ran');
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error));
    if (deps.isStopping()) held.verdict = { outcome: 'interrupted' };
    else if (error instanceof JobNotNow)
      held.verdict = { outcome: 'postponed', error: error.message, waitMs: error.waitMs };
    else if (!held.isLost) await failed(reason, job, held, run);
    throw reason;
  }
}

async function failed(error: Error, job: Job, held: HeldRun, run: RunJobDeps): Promise<void> {
  const isLast = error instanceof JobCannotRun || held.job.attempt >= retryOf(job).attempts;
  run.log.warn({ ...jobInLog(held.job), err: error }, isLast ? 'a job failed, and is dead' : 'a job failed');
  if (error instanceof CallerError) held.say(error.message); // written for whoever asked
  if (isLast && !(error instanceof JobCannotRun)) held.verdict = await tryGivingUp(error, job, held, run);
}

/** It may not run again: its last worker was lost with it, or the product could not give it up before. */
async function afterTheLast(job: Job, held: HeldRun, run: RunJobDeps): Promise<Verdict> {
  const error = new RunLost(held.job.error ?? 'It was begun as often as it may run, and never ended.');
  return (await tryGivingUp(error, job, held, run)) ?? { outcome: 'failed', error: error.message, waitMs: null };
}

/** It is not run any more. */
async function afterCancelling(job: Job, held: HeldRun, run: RunJobDeps): Promise<Verdict> {
  return (await tryGivingUp(new JobCancelled('It was cancelled.'), job, held, run)) ?? { outcome: 'cancelled' };
}

/** Another verdict than that of the failure, where the product could not give back what the job held. */
async function tryGivingUp(error: Error, job: Job, held: HeldRun, run: RunJobDeps): Promise<Verdict | null> {
  try {
    await giveUp(job, held, error, run);
    return null;
  } catch (again) {
    if (again instanceof JobNotNow) return { outcome: 'postponed', error: error.message, waitMs: again.waitMs };
    if (again instanceof JobCannotRun) return null;
    // The last failed run is the first try; a cancelled job had none.
    const tries = held.job.attempt - retryOf(job).attempts + (held.job.isCancelled ? 0 : 1);
    const isOver = tries >= MOST_GIVE_UPS;
    const what = `giving it up failed${isOver ? `, ${tries} times: what it held may still be held` : '; it is tried again'}`;
    run.log.error({ ...jobInLog(held.job), err: again }, what);
    held.remember('error', `${what}: ${(again as Error).message}`);
    return { outcome: 'failed', error: error.message, waitMs: isOver ? null : GIVE_UP_AGAIN_MS };
  }
}
