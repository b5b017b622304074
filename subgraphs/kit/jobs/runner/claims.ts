import type { Logger } from 'pino';
import type { ClaimedJob, DueSchedule, JobStore, WantedJobs } from '../store/job-store.js';
import { LEASE_MS, type Leases } from './leases.js';

/** The promise behind the notifications: how long a due job may wait where none is heard. */
const POLL_MS = 1_000;
/** Of all definitions together, in one worker. */
const MOST_RUNS = 100;

/** A definition's places in this worker and beyond it. */
export interface Places {
  readonly perWorker: number;
  readonly perTenant: number | null;
  readonly perProduct: number | null;
}

export interface ClaimDeps {
  readonly worker: string;
  readonly store: JobStore;
  readonly leases: Leases;
  readonly places: ReadonlyMap<string, Places>;
  /** A job of that name waits to be taken. */
  readonly handOver: (name: string) => void;
  /** Answers whether one was fired: then there is more to look for. */
  readonly fireSchedules: (due: readonly DueSchedule[], now: Date) => Promise<boolean>;
  readonly log: Logger;
}

/**
 * Claims jobs of all definitions in one statement, never more than there is room for, and keeps them until Agenda asks
 * for the next one of a name. Nothing is asked of the store while nothing is ready: a notification, a due time, a free
 * place or a second without any of them is what makes it look again.
 */
export class Claims {
  readonly #deps: ClaimDeps;
  readonly #claimed = new Map<string, ClaimedJob[]>();
  /** Definitions of which more was ready than there was room for. */
  readonly #hungry = new Set<string>();
  #asked = new Set<string>();
  #lookAsked = true;
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #afterTenant: string | null = null;
  #trouble: string | null = null;

  constructor(deps: ClaimDeps) {
    this.#deps = deps;
  }

  /** null while the store answers; else why not. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** null: anything may be ready. */
  wake(names: readonly string[] | null): void {
    if (this.#stopped) return;
    if (names === null) this.#lookAsked = true;
    else for (const name of names) if (this.#deps.places.has(name)) this.#asked.add(name);
    if (!this.#lookAsked && !this.#asked.size) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
    });
  }

  /** A run of that name has ended. */
  placeFreed(name: string): void {
    if (this.#hungry.has(name)) this.wake([name]);
  }

  take(name: string): ClaimedJob | undefined {
    return this.#claimed.get(name)?.shift();
  }

  putBack(job: ClaimedJob): void {
    this.#buffer(job.name).unshift(job);
  }

  /** Ends claiming; what was claimed and not taken stays in `leases`, to be handed back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#working;
    this.#claimed.clear();
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer);
    let nextWakeMs: number | null = null;
    try {
      while (!this.#stopped && (this.#lookAsked || this.#asked.size)) {
        const isLook = this.#lookAsked;
        if (isLook) nextWakeMs = await this.#look();
        const names = [...this.#asked];
        this.#asked.clear();
        const found = await this.#claim(names);
        // What is announced and not there is due later: when, only a look tells.
        if (!found && !isLook) this.#lookAsked = true;
      }
      this.#trouble = null;
    } catch (error) {
      if (this.#trouble === null) this.#deps.log.warn({ err: error }, 'jobs cannot be claimed; trying again');
      this.#trouble = `the job store does not answer: ${(error as Error).message}`;
      this.#lookAsked = true;
    }
    if (!this.#stopped) this.#wakeLater(nextWakeMs);
  }

  /** Workers spread out: each looks again at a moment of its own. */
  #wakeLater(nextWakeMs: number | null): void {
    const pollMs = POLL_MS * (0.8 + Math.random() * 0.4);
    const ms = nextWakeMs === null ? pollMs : Math.min(pollMs, Math.max(1, Math.ceil(nextWakeMs)));
    this.#timer = setTimeout(() => this.wake(null), ms).unref();
  }

  async #look(): Promise<number | null> {
    this.#lookAsked = false;
    const { store, places, fireSchedules } = this.#deps;
    const { readyNames, nextWakeMs, dueSchedules, now } = await store.look();
    for (const name of readyNames) if (places.has(name)) this.#asked.add(name);
    const ours = dueSchedules.filter(({ name }) => places.has(name));
    if (ours.length && (await fireSchedules(ours, now))) this.#lookAsked = true;
    return nextWakeMs;
  }

  /** Answers whether any was claimed. */
  async #claim(names: readonly string[]): Promise<boolean> {
    const { worker, store, leases, handOver } = this.#deps;
    const wanted = this.#wanted(names);
    if (!wanted.length) return names.length > 0;
    const sentAt = performance.now();
    const jobs = await store.claim({ worker, leaseMs: LEASE_MS, wanted, afterTenant: this.#afterTenant });
    this.#afterTenant = jobs.at(-1)?.tenantId ?? null;
    const counts = new Map<string, number>();
    for (const job of jobs) {
      leases.hold(job, sentAt);
      this.#buffer(job.name).push(job);
      counts.set(job.name, (counts.get(job.name) ?? 0) + 1);
    }
    for (const { name, room } of wanted) {
      if ((counts.get(name) ?? 0) < room) this.#hungry.delete(name);
      else this.#hungry.add(name);
    }
    for (const name of counts.keys()) handOver(name);
    return jobs.length > 0;
  }

  /** In another order each time, so that where all places are taken no definition is always the last. */
  #wanted(names: readonly string[]): readonly WantedJobs[] {
    const { leases, places } = this.#deps;
    let free = MOST_RUNS - leases.total;
    const wanted: WantedJobs[] = [];
    for (const name of shuffled(names)) {
      const { perWorker, perTenant, perProduct } = places.get(name)!;
      const room = Math.min(perWorker - leases.count(name), free);
      if (room <= 0) {
        this.#hungry.add(name);
        continue;
      }
      free -= room;
      wanted.push({ name, room, perTenant, perProduct, share: perWorker > 1 ? perWorker - 1 : null });
    }
    return wanted;
  }

  #buffer(name: string): ClaimedJob[] {
    const jobs = this.#claimed.get(name) ?? [];
    this.#claimed.set(name, jobs);
    return jobs;
  }
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
