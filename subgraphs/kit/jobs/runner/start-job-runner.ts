import type { DeploymentContext, EntitlementsPort, TenantsPort } from '@inevitable/contract';
import { Agenda, type Job } from 'agenda';
import type { Logger } from 'pino';
import type { ProductDatabase } from '../../database/index.js';
import type { EventDefinition } from '../../events/define-event.js';
import { newId } from '../../graph/new-id.js';
import { concurrencyOf, DEFAULT_RETRY, DEFAULT_TIMEOUT_MS, retryDelay, type JobDefinition } from '../define-job.js';
import type { JobStore } from '../store/job-store.js';
import { ClaimingBackend, type FencedParameters } from './agenda-backend.js';
import { Claims, type Places } from './claims.js';
import { describeDefinition } from './describe-definition.js';
import { Endings } from './endings.js';
import { fanOut } from './fan-out.js';
import { fireSchedules } from './fire-schedules.js';
import type { HeldRun, Verdict } from './held-run.js';
import type { JobsMeasured } from '../observation/job-metrics.js';
import type { JobObserver, ObservedOutcome } from '../observation/job-observer.js';
import { tracedRun } from '../observation/job-traces.js';
import { LeaseLost, Leases } from './leases.js';
import { storableText } from './storable-text.js';
import { withoutDebugColors } from './quiet-debug.js';
import { giveUp, JobCannotRun, JobNotNow, runJob, type RunJobDeps } from './run-job.js';

/** The jobs of one product, and what they run on. */
export interface ProductJobs {
  readonly product: string;
  readonly jobs: readonly JobDefinition<unknown, never>[];
  /** What they may publish. */
  readonly events: readonly EventDefinition[];
  readonly database: ProductDatabase | null;
}

export interface RunnerDeps {
  readonly store: JobStore;
  readonly tenants: TenantsPort;
  readonly entitlements: EntitlementsPort;
  readonly deployment: DeploymentContext;
  readonly observer: JobObserver;
  readonly log: Logger;
}

export interface JobRunner extends JobsMeasured {
  /** null while it works; else why it does not. */
  readonly trouble: string | null;
  /**
   * No new claims. Running jobs get their own timeout or `graceMs` to end, whichever is shorter; then their signal
   * aborts, and they are handed back for others to run at once, without counting the run.
   */
  stop(graceMs: number): Promise<void>;
}

/**
 * Agenda's own look at every definition: a detour here, where it is told what there is. It costs about 50 µs for each
 * definition, and half of it is how long Agenda's timer of a run outlives the run.
 */
const AGENDA_LOOKS_EVERY_MS = 5_000;
/** The last writes of a stop. */
const HAND_BACK_WITHIN_MS = 5_000;
/** A `gaveUp` that threw. */
const GIVE_UP_AGAIN_MS = 30_000;
const MOST_GIVE_UPS = 10;

interface Owned {
  readonly job: JobDefinition<unknown, never>;
  readonly owner: Omit<ProductJobs, 'jobs'>;
}

/**
 * Runs products' jobs on Agenda: it keeps the queue of this process, the places of each definition, retries and their
 * delays. What it must not be trusted with is below its storage interface: claims (claims.ts), leases and fences
 * (leases.ts), the writing of ends (endings.ts), schedules (fire-schedules.ts). With agenda-backend.ts the only module
 * that imports Agenda.
 */
export async function startJobRunner(products: readonly ProductJobs[], deps: RunnerDeps): Promise<JobRunner> {
  const { store, log, observer } = deps;
  const worker = `worker-${newId()}`;
  const owned = new Map<string, Owned>();
  for (const { jobs, ...owner } of products) for (const job of jobs) owned.set(job.name, { job, owner });
  await store.declare(
    worker,
    [...owned.values()].map(({ job, owner }) => describeDefinition(job, owner.product)),
  );

  const leases = new Leases(store, worker, log);
  const endings = new Endings(store, log);
  let isStopping = false;
  const backend = new ClaimingBackend({
    take: (name) => claims.take(name)?.job,
    putBack({ fence }) {
      const held = leases.byFence(fence);
      if (held) claims.putBack(held);
    },
    began({ fence }) {
      const held = leases.byFence(fence);
      if (!held || held.isLost) {
        leases.drop(fence); // Agenda writes no end of a run that did not begin
        throw new LeaseLost('The lease ended before the run began.');
      }
      held.isBegun = true;
    },
    ended: writeEnd,
    handBack: (ids) => handBack(leases.all().filter(({ job }) => ids.includes(job.id))),
  });
  const claims = new Claims({
    worker,
    store,
    leases,
    places: new Map<string, Places>([...owned].map(([name, { job }]) => [name, placesOf(job)])),
    handOver: (name) => backend.handOver(name),
    fireSchedules: (due, now) => fireSchedules(due, now, { store, jobOf: (name) => owned.get(name)!.job, log }),
    log,
  });

  withoutDebugColors();
  const agenda = new Agenda({
    backend,
    name: worker,
    processEvery: AGENDA_LOOKS_EVERY_MS,
    defaultLockLifetime: AGENDA_LOOKS_EVERY_MS,
    maxConcurrency: 10_000, // the claims keep the limits
  });
  agenda.on('error', (error: unknown) => log.debug({ err: error }, 'Agenda reported an error'));
  for (const { job, owner } of owned.values()) {
    const { perWorker } = concurrencyOf(job);
    const retry = job.retry ?? DEFAULT_RETRY;
    agenda.define(job.name, (run: Job) => supervise(run, job, owner), {
      concurrency: perWorker,
      lockLimit: perWorker,
      backoff: ({ attempt, error }) => (error instanceof JobCannotRun ? null : retryDelay(retry, attempt)),
    });
  }

  /** One run, until it ends or must end. What it throws is what Agenda counts as a failure. */
  async function supervise(
    { attrs }: Job,
    job: JobDefinition<unknown, never>,
    owner: Omit<ProductJobs, 'jobs'>,
  ): Promise<void> {
    const held = leases.byFence((attrs as unknown as FencedParameters).fence)!;
    let run: RunJobDeps = { ...owner, ...deps, trace: held.job.trace };
    const retry = job.retry ?? DEFAULT_RETRY;
    observer.began(held.job);
    try {
      held.verdict = await tracedRun(held.job, async (traceparent) => {
        run = { ...run, trace: traceparent };
        if (held.job.fansOut) return fanOut(held.job, job, deps);
        if (held.job.attempt > retry.attempts) return afterTheLast(job, held, run);
        return runJob(job, held, run);
      });
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      if (isStopping) held.verdict = { outcome: 'interrupted' };
      else if (error instanceof JobNotNow)
        held.verdict = { outcome: 'postponed', error: error.message, waitMs: error.waitMs };
      else if (!held.isLost) await failed(reason, job, held, run);
      throw reason;
    }
  }

  async function failed(
    error: Error,
    job: JobDefinition<unknown, never>,
    held: HeldRun,
    run: RunJobDeps,
  ): Promise<void> {
    const { id, attempt } = held.job;
    const isLast = error instanceof JobCannotRun || attempt >= (job.retry ?? DEFAULT_RETRY).attempts;
    log.warn({ job: job.name, id, attempt, err: error }, isLast ? 'a job failed, and is dead' : 'a job failed');
    if (isLast && !(error instanceof JobCannotRun)) held.verdict = await tryGivingUp(error, job, held, run);
  }

  /** It may not run again: its last worker was lost with it, or the product could not give it up before. */
  async function afterTheLast(job: JobDefinition<unknown, never>, held: HeldRun, run: RunJobDeps): Promise<Verdict> {
    const error = new Error(held.job.error ?? 'It was begun as often as it may run, and never ended.');
    return (await tryGivingUp(error, job, held, run)) ?? { outcome: 'failed', error: error.message, waitMs: null };
  }

  /** Another verdict than that of the failure, where the product could not give back what the job held. */
  async function tryGivingUp(
    error: Error,
    job: JobDefinition<unknown, never>,
    held: HeldRun,
    run: RunJobDeps,
  ): Promise<Verdict | null> {
    try {
      await giveUp(job, held, error, run);
      return null;
    } catch (again) {
      const tries = held.job.attempt - (job.retry ?? DEFAULT_RETRY).attempts + 1;
      const isOver = tries >= MOST_GIVE_UPS;
      const what = `giving it up failed${isOver ? `, ${tries} times: what it held may still be held` : '; it is tried again'}`;
      log.error({ job: job.name, id: held.job.id, err: again }, what);
      held.remember('error', `${what}: ${(again as Error).message}`);
      return isOver ? null : { outcome: 'failed', error: error.message, waitMs: GIVE_UP_AGAIN_MS };
    }
  }

  /** Agenda's second write about a run. */
  async function writeEnd(attrs: FencedParameters): Promise<void> {
    const held = leases.byFence(attrs.fence);
    if (!held) throw new LeaseLost('The run was over before.');
    const verdict = held.verdict ?? verdictOf(attrs);
    const durationMs = Date.now() - (attrs.lastRunAt?.getTime() ?? Date.now());
    const isOurs = !held.isLost && (await endings.write({ ...held.takeRenewal(), ...storable(verdict) }));
    leases.drop(attrs.fence);
    observer.ended(held.job, isOurs ? observed(verdict) : 'lost', durationMs);
    whenRunEnded();
    claims.placeFreed(attrs.name, durationMs);
    if (!isOurs) throw new LeaseLost(`Job ${held.job.id} belongs to another worker now.`);
  }

  const tellOfRelease = (error: unknown): void =>
    log.warn({ err: error }, 'jobs could not be handed back; others get them when their leases end');

  /** Those that were never begun. */
  async function handBack(runs: readonly HeldRun[]): Promise<void> {
    const unbegun = runs.filter(({ isBegun }) => !isBegun).map(({ job }) => job);
    for (const { fence } of unbegun) leases.drop(fence);
    if (unbegun.length) await store.release(unbegun).catch(tellOfRelease);
  }

  let whenRunEnded: () => void = () => undefined;
  const allEnded = (): Promise<void> =>
    new Promise((resolve) => {
      whenRunEnded = () => void (leases.total === 0 && resolve());
      whenRunEnded();
    });
  const watch = store.watch((names) => claims.wake(names));
  await agenda.start();
  claims.wake(null);

  return {
    get trouble() {
      return claims.trouble;
    },
    depths: () => store.depths(),
    get running() {
      return leases.total;
    },
    get lostLeases() {
      return leases.lostLeases;
    },
    get listening() {
      return watch.state;
    },
    async stop(graceMs) {
      await Promise.all([watch.stop(), claims.stop()]);
      await agenda.stop(false); // hands back what Agenda had taken and not begun
      await within(HAND_BACK_WITHIN_MS, handBack(leases.all()));
      const longest = Math.max(
        0,
        ...leases.all().map(({ job }) => owned.get(job.name)!.job.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      );
      await within(Math.min(longest, graceMs), allEnded());
      isStopping = true;
      for (const run of leases.all()) run.stop(new Error('The worker is stopping.'));
      await within(HAND_BACK_WITHIN_MS, allEnded());
      leases.stop();
    },
  };
}

const placesOf = (job: JobDefinition<unknown, never>): Places => {
  const places = concurrencyOf(job);
  // "queue": a run that comes due while the one before is open waits for it.
  return job.schedule?.overlap === 'queue' ? { ...places, perTenant: 1 } : places;
};

/** Agenda's own account of a failure. */
const verdictOf = ({ failReason, nextRunAt }: FencedParameters): Verdict => ({
  outcome: 'failed',
  error: failReason ?? 'It failed without a word.',
  waitMs: nextRunAt ? Math.max(0, nextRunAt.getTime() - Date.now()) : null,
});

const storable = ({ error, note, ...verdict }: Verdict): Verdict => ({
  ...verdict,
  ...(error !== undefined && { error: storableText(error) }),
  ...(note !== undefined && { note: storableText(note) }),
});

const observed = ({ outcome, waitMs }: Verdict): ObservedOutcome =>
  outcome === 'failed' && (waitMs ?? null) === null ? 'dead' : outcome;

const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
