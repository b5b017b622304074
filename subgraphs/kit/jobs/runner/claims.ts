import type { Logger } from 'pino';
import type { DueSchedule, JobStore, WantedJobs } from '../store/job-store.js';
import type { HeldRun } from './held-run.js';
import { LEASE_MS, type Leases } from './leases.js';
import { turn } from './turn.js';
import { WaitingRuns } from './waiting-runs.js';

/** The promise behind the notifications: how long a due job may wait where none is heard. */
const POLL_MS = 1_000;
/** Of all definitions together, in one worker. */
const MOST_RUNS = 1_000;

/** Runs this short are claimed ahead, so that their places do not stand empty while the next ones are fetched. */
const SHORT_MS = 25;
/** Of the average: how much the latest run counts. */
const LATEST_COUNTS = 0.1;
/** What waits longer for a place, because runs are not short after all, goes back for other workers. */
const GIVE_BACK_AFTER_MS = 100;
/** A few free places wait this long for more of them, so that one claim fills them all. */
const GATHER_MS = 5;

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
  readonly #waiting = new WaitingRuns();
  /** Milliseconds, by name. */
  readonly #averageRun = new Map<string, number>();
  /** Definitions of which more was ready than there was room for. */
  readonly #hungry = new Set<string>();
  /** Those that had places left, and the worker as a whole had none. */
  readonly #crowdedOut = new Set<string>();
  readonly #gathering = new Map<string, NodeJS.Timeout>();
  readonly #asked = new Set<string>();
  #lookAsked = true;
  #working: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #claimFailed = false;
  /** Where the last claim of a name ended. */
  readonly #afterTenant = new Map<string, string | null>();
  #trouble: string | null = null;
  readonly #givingBack: NodeJS.Timeout;

  constructor(deps: ClaimDeps) {
    this.#deps = deps;
    this.#givingBack = setInterval(() => this.#giveBack(), GIVE_BACK_AFTER_MS).unref();
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

  /** A run of that name has ended, after so many milliseconds. */
  placeFreed(name: string, durationMs: number): void {
    const average = this.#averageRun.get(name) ?? durationMs;
    this.#averageRun.set(name, average + (durationMs - average) * LATEST_COUNTS);
    // Agenda frees its own place a moment after this.
    if (this.#waiting.has(name)) setImmediate(() => this.#deps.handOver(name));
    if (this.#hungry.has(name)) this.#claimSoon(name);
    for (const other of this.#crowdedOut) this.#claimSoon(other);
    this.#crowdedOut.clear();
  }

  /** The next to begin. With more than one place, one tenant leaves one of them to the others. */
  take(name: string): HeldRun | undefined {
    const { leases, places } = this.#deps;
    const share = Math.max(1, places.get(name)!.perWorker - 1);
    const run = this.#waiting.take(
      name,
      ({ job }) => job.tenantId === null || leases.countTaken(name, job.tenantId) < share,
    );
    if (run) run.isTaken = true;
    return run;
  }

  putBack(run: HeldRun): void {
    run.isTaken = false;
    this.#waiting.putBack(run);
  }

  /** Ends claiming; what was claimed and not taken stays in `leases`, to be handed back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const timer of this.#gathering.values()) clearTimeout(timer);
    clearInterval(this.#givingBack);
    await this.#working;
  }

  #claimSoon(name: string): void {
    if (this.#room(name) * 2 >= this.#capacity(name)) this.wake([name]);
    else if (!this.#gathering.has(name)) {
      const claim = (): void => {
        this.#gathering.delete(name);
        this.wake([name]);
      };
      this.#gathering.set(name, setTimeout(claim, GATHER_MS).unref());
    }
  }

  /** What it may hold of a definition: its places, and as many again where runs are short and no limit counts them. */
  #capacity(name: string): number {
    const { perWorker, perTenant, perProduct } = this.#deps.places.get(name)!;
    const isAhead = perTenant === null && perProduct === null && (this.#averageRun.get(name) ?? Infinity) < SHORT_MS;
    return isAhead ? perWorker * 2 : perWorker;
  }

  #giveBack(): void {
    const runs = this.#waiting.removeOlder(GIVE_BACK_AFTER_MS);
    for (const { job } of runs) this.#averageRun.set(job.name, GIVE_BACK_AFTER_MS);
    void this.#deps.leases.handBack(runs);
  }

  #room(name: string): number {
    return this.#capacity(name) - this.#deps.leases.count(name);
  }

  async #work(): Promise<void> {
    clearTimeout(this.#timer);
    await turn(); // runs that end together free their places together
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
    if (this.#claimFailed) {
      // Its answer may have been lost, and the claim not: what nobody here knows of goes back.
      await store.releaseOthers(
        worker,
        leases.all().map(({ job }) => job.fence),
      );
      this.#claimFailed = false;
    }
    const sentAt = performance.now();
    const held = new Map(wanted.map(({ name }) => [name, leases.count(name)]));
    this.#claimFailed = true;
    const jobs = await store.claim({ worker, leaseMs: LEASE_MS, wanted });
    this.#claimFailed = false;
    const counts = new Map<string, number>();
    for (const job of jobs) {
      this.#waiting.add(leases.hold(job, sentAt));
      this.#afterTenant.set(job.name, job.tenantId);
      counts.set(job.name, (counts.get(job.name) ?? 0) + 1);
    }
    for (const { name, room, perTenant, perProduct, share } of wanted) {
      // Whichever limit it met, more may be ready behind it. The limits were met by what was held when it was sent.
      const limit = Math.min(perTenant ?? Infinity, perProduct ?? Infinity, share ?? Infinity);
      const got = counts.get(name) ?? 0;
      const counted = held.get(name)! + got;
      if (got < room && counted < limit) this.#hungry.delete(name);
      else {
        this.#hungry.add(name);
        // Runs have ended meanwhile, and nobody was hungry yet.
        if (leases.count(name) < counted) this.#asked.add(name);
      }
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
      const room = Math.min(this.#room(name), free);
      if (room <= 0) {
        this.#hungry.add(name);
        if (this.#room(name) > 0) this.#crowdedOut.add(name);
        continue;
      }
      free -= room;
      wanted.push({
        name,
        room,
        perTenant,
        perProduct,
        share: perWorker > 1 ? this.#capacity(name) - 1 : null,
        afterTenant: this.#afterTenant.get(name) ?? null,
      });
    }
    return wanted;
  }
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
