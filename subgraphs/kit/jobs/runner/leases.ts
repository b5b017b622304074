import type { Logger } from 'pino';
import type { ClaimedJob, HeldRun as Renewal, JobStore } from '../store/job-store.js';
import { HeldRun } from './held-run.js';

/** A worker that is not heard of for this long has lost its jobs. */
export const LEASE_MS = 15_000;
const RENEW_EVERY_MS = 5_000;
/** A run is aborted this long before its lease ends: it needs a moment to notice. */
const MARGIN_MS = 3_000;
const TICK_MS = 1_000;

/** This worker does not hold the job any more, and may write nothing about it. */
export class LeaseLost extends Error {}

/**
 * What a worker holds, renewed in one statement every 5 s, sooner where runs have something to tell. A lease that cannot be
 * renewed in time is lost here before it is free for others there, whatever the two clocks say: it is measured from
 * when the renewal was sent, on the monotonic clock.
 */
export class Leases {
  readonly #store: JobStore;
  readonly #worker: string;
  readonly #log: Logger;
  /** By fence: a job may be held twice for a moment, by its run that lost it and by the one that claimed it anew. */
  readonly #held = new Map<number, HeldRun>();
  readonly #timer: NodeJS.Timeout;
  #renewedAt = performance.now();
  /** The renewal that is under way, and of which runs it tells something. */
  #renewing: { readonly tells: ReadonlySet<number>; readonly over: Promise<void> } | null = null;
  /** The renewal before failed: perhaps for what a run said, so this one says nothing but that they are held. */
  #isBare = false;
  #lostLeases = 0;

  constructor(store: JobStore, worker: string, log: Logger) {
    this.#store = store;
    this.#worker = worker;
    this.#log = log;
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  get lostLeases(): number {
    return this.#lostLeases;
  }

  /** `sentAt`: when the claim was sent, by `performance.now()`. */
  hold(job: ClaimedJob, sentAt: number): HeldRun {
    // After a jump of the store's clock this worker may claim what it still runs.
    for (const before of this.#held.values()) if (before.job.id === job.id) this.#lose(before, 'it was claimed anew');
    const run = new HeldRun(job, sentAt + LEASE_MS);
    this.#held.set(job.fence, run);
    return run;
  }

  byFence(fence: number): HeldRun | null {
    return this.#held.get(fence) ?? null;
  }

  all(): readonly HeldRun[] {
    return [...this.#held.values()];
  }

  count(name: string): number {
    let count = 0;
    for (const { job } of this.#held.values()) if (job.name === name) count += 1;
    return count;
  }

  /** Of one tenant, those that Agenda has. */
  countTaken(name: string, tenantId: string | null): number {
    let count = 0;
    for (const { job, isTaken } of this.#held.values())
      if (isTaken && job.name === name && job.tenantId === tenantId) count += 1;
    return count;
  }

  get total(): number {
    return this.#held.size;
  }

  /**
   * Resolves when what the run has said is in the store, or with the run again: a renewal that is under way may fail, and one
   * that comes after the run's end would not be heard.
   */
  async told(fence: number): Promise<void> {
    if (this.#renewing?.tells.has(fence)) await this.#renewing.over;
  }

  drop(fence: number): void {
    this.#held.delete(fence);
  }

  /** Gives back what was claimed and never begun, for others to claim at once. */
  async handBack(runs: readonly HeldRun[]): Promise<void> {
    if (!runs.length) return;
    for (const { job } of runs) this.drop(job.fence);
    await this.#store.release(runs.map(({ job }) => job)).catch((error: unknown) => {
      const what = 'jobs could not be handed back; others get them when their leases end';
      this.#log.warn({ err: error, jobs: runs.length }, what);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    for (const run of this.#held.values()) {
      if (now > run.leaseEndsAt - MARGIN_MS) this.#lose(run, 'its lease could not be renewed');
    }
    const isDue = now - this.#renewedAt >= RENEW_EVERY_MS || this.all().some(({ isNews }) => isNews);
    if (isDue && !this.#renewing) void this.#renew();
  }

  async #renew(): Promise<void> {
    const sentAt = performance.now();
    const runs = this.all().filter(({ isLost }) => !isLost);
    const renewals = runs.map((run) => (this.#isBare ? idOf(run) : run.takeRenewal()));
    let isOver: () => void = () => undefined;
    this.#renewing = {
      tells: new Set(renewals.filter(tellsSomething).map(({ fence }) => fence)),
      over: new Promise((resolve) => (isOver = resolve)),
    };
    try {
      const still = await this.#store.renew(this.#worker, LEASE_MS, renewals);
      this.#renewedAt = sentAt;
      this.#isBare = false;
      for (const run of runs) {
        if (still.has(run.job.id)) run.leaseEndsAt = sentAt + LEASE_MS;
        // It may have ended while the renewal was on its way.
        else if (this.#held.has(run.job.fence)) this.#lose(run, 'another worker has it, or it was cancelled');
      }
    } catch (error) {
      this.#log.warn({ err: error, jobs: runs.length }, 'job leases could not be renewed; trying again');
      this.#isBare = !this.#isBare;
      runs.forEach((run, index) => run.putBack(renewals[index]!));
    }
    this.#renewing = null;
    isOver();
  }

  #lose(run: HeldRun, why: string): void {
    if (run.isLost) return;
    this.#lostLeases += 1;
    this.#log.warn({ job: run.job.name, id: run.job.id, fence: run.job.fence }, `a job was lost: ${why}`);
    run.lose(new LeaseLost(`This worker lost job ${run.job.id}: ${why}.`));
  }
}

const tellsSomething = ({ progress, note, log }: Renewal): boolean =>
  progress !== undefined || note !== undefined || log !== undefined;

const idOf = ({ job }: HeldRun): Renewal => ({ id: job.id, fence: job.fence });
