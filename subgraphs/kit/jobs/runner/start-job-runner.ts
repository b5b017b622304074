import type { DeploymentContext, EntitlementsPort, TenantsPort } from '@inevitable/contract';
import { Agenda, type Job } from 'agenda';
import type { Logger } from 'pino';
import type { ProductDatabase } from '../../database/index.js';
import type { EventDefinition } from '../../events/define-event.js';
import type { FileStore } from '../../files/file-store.js';
import { newId } from '../../graph/new-id.js';
import { concurrencyOf, DEFAULT_TIMEOUT_MS, retryDelay, retryOf, type JobDefinition } from '../define-job.js';
import type { JobsMeasured } from '../observation/job-metrics.js';
import type { JobObserver } from '../observation/job-observer.js';
import type { JobStore } from '../store/job-store.js';
import { ClaimingBackend, type FencedParameters } from './agenda-backend.js';
import { Claims, type Places } from './claims.js';
import { describeDefinition } from './describe-definition.js';
import { Endings } from './endings.js';
import { fireSchedules } from './fire-schedules.js';
import type { HeldRun } from './held-run.js';
import { LeaseLost, Leases } from './leases.js';
import { JobCannotRun } from './run-job.js';
import { superviseRun } from './supervise-run.js';
import { agendaVerdict, observedOutcome, storableVerdict } from './verdict.js';
import { withoutDebugColors } from './without-debug-colors.js';

/** The jobs of one product, and what they run on. */
export interface ProductJobs {
  readonly product: string;
  readonly jobs: readonly JobDefinition<unknown, never>[];
  /** What they may publish. */
  readonly events: readonly EventDefinition[];
  readonly database: ProductDatabase | null;
  readonly deployment: DeploymentContext;
}

export interface RunnerDeps {
  readonly store: JobStore;
  readonly tenants: TenantsPort;
  readonly entitlements: EntitlementsPort;
  readonly files?: FileStore | undefined;
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

interface Owned {
  readonly job: JobDefinition<unknown, never>;
  readonly owner: Omit<ProductJobs, 'jobs'>;
}

/**
 * Runs products' jobs on Agenda: it keeps the queue of this process, the places of each definition, retries and their
 * delays. What it must not be trusted with is below its storage interface (agenda-backend.ts): claims (claims.ts), leases
 * and fences (leases.ts), the writing of ends (endings.ts), schedules (fire-schedules.ts). What becomes of one run is in
 * supervise-run.ts. Only this module and agenda-backend.ts import Agenda.
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
    handBack: (ids) => handBackUnbegun(leases.all().filter(({ job }) => ids.includes(job.id))),
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
    const retry = retryOf(job);
    const run = async ({ attrs }: Job): Promise<void> => {
      const held = leases.byFence((attrs as unknown as FencedParameters).fence)!;
      observer.began(held.job);
      return superviseRun(job, held, { ...owner, ...deps, isStopping: () => isStopping });
    };
    agenda.define(job.name, run, {
      concurrency: perWorker,
      lockLimit: perWorker,
      backoff: ({ attempt, error }) => (error instanceof JobCannotRun ? null : retryDelay(retry, attempt)),
    });
  }

  /** Agenda's second write about a run. */
  async function writeEnd(attrs: FencedParameters): Promise<void> {
    const held = leases.byFence(attrs.fence);
    if (!held) throw new LeaseLost('The run was over before.');
    const verdict = held.verdict ?? agendaVerdict(attrs);
    const durationMs = Date.now() - (attrs.lastRunAt?.getTime() ?? Date.now());
    let isOurs = false;
    try {
      await leases.told(attrs.fence);
      isOurs = !held.isLost && (await endings.write({ ...held.takeRenewal(), ...storableVerdict(verdict) }));
    } finally {
      leases.drop(attrs.fence);
      observer.ended(held.job, isOurs ? observedOutcome(verdict) : 'lost', durationMs);
      whenRunEnded();
      claims.placeFreed(attrs.name, durationMs);
    }
    if (!isOurs) throw new LeaseLost(`The end of job ${held.job.id} was not written: this worker does not hold it.`);
  }

  const handBackUnbegun = (runs: readonly HeldRun[]): Promise<void> =>
    leases.handBack(runs.filter(({ isBegun }) => !isBegun));

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
      await within(HAND_BACK_WITHIN_MS, handBackUnbegun(leases.all()));
      const longest = Math.max(
        0,
        ...leases.all().map(({ job }) => owned.get(job.name)!.job.timeoutMs ?? DEFAULT_TIMEOUT_MS),
      );
      await within(Math.min(longest, graceMs), allEnded());
      isStopping = true;
      for (const run of leases.all()) run.stop(new Error('The worker is stopping.'));
      await within(HAND_BACK_WITHIN_MS, allEnded());
      leases.stop();
      // Where the store is away, it forgets a worker it does not hear of by itself.
      await within(
        HAND_BACK_WITHIN_MS,
        store.leave(worker).catch(() => undefined),
      );
    },
  };
}

const placesOf = (job: JobDefinition<unknown, never>): Places => {
  const places = concurrencyOf(job);
  // "queue": a run that comes due while the one before is open waits for it.
  return job.schedule?.overlap === 'queue' ? { ...places, perTenant: 1 } : places;
};

const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms).unref())]);
