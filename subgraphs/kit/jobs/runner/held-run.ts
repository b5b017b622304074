import { Cutoff } from './cutoff.js';
import { storableText } from './storable-text.js';
import type { Verdict } from './verdict.js';
import type { ClaimedJob, HeldRun as Renewal, LogLine } from '../store/job-store.js';

/** Log lines kept of one run; what comes after is in the worker's log alone. */
const MOST_LINES = 500;
const LONGEST_LINE = 2_000;

/** One run between its claim and its last write. */
export class HeldRun {
  readonly job: ClaimedJob;
  /** On this process's monotonic clock: from when the claim or renewal was sent, so never later than the store's. */
  leaseEndsAt: number;
  /** Agenda has it: it runs, or is about to. */
  isTaken = false;
  isBegun = false;
  /** What the runner knows better than Agenda. */
  verdict: Verdict | null = null;
  #isLost = false;
  #over: Error | null = null;
  #cutoff: Cutoff | null = null;
  #progress: number | null = null;
  #note: string | null = null;
  #lines: LogLine[] = [];
  #logged = 0;

  constructor(job: ClaimedJob, leaseEndsAt: number) {
    this.job = job;
    this.leaseEndsAt = leaseEndsAt;
  }

  /** The job is somebody else's, or nobody's. */
  get isLost(): boolean {
    return this.#isLost;
  }

  lose(reason: Error): void {
    this.#isLost = true;
    this.stop(reason);
  }

  /** Ends what runs now and whatever would begin. */
  stop(reason: Error): void {
    this.#over ??= reason;
    this.#cutoff?.abort(reason);
  }

  /** For one call of the product's code: the run, or giving it up afterwards. */
  begin(): Cutoff {
    const cutoff = (this.#cutoff = new Cutoff());
    if (this.#over) cutoff.abort(this.#over);
    return cutoff;
  }

  progress(fraction: number, note?: string): void {
    // Rounded: 1e-60 is no number of the store's type.
    if (Number.isFinite(fraction)) this.#progress = Math.round(Math.min(1, Math.max(0, fraction)) * 10_000) / 10_000;
    if (note !== undefined) this.say(note);
  }

  /** In place of what the run said last. */
  say(note: string): void {
    this.#note = storableText(note);
  }

  remember(level: string, message: string): void {
    this.#logged += 1;
    if (this.#logged > MOST_LINES) return;
    const last = this.#logged === MOST_LINES ? ' (the lines after this one are in the log of the worker alone)' : '';
    this.#lines.push({
      at: new Date().toISOString(),
      level,
      message: storableText(message.slice(0, LONGEST_LINE)) + last,
    });
  }

  /** True: the store has not heard all of it. */
  get isNews(): boolean {
    return this.#progress !== null || this.#note !== null || this.#lines.length > 0;
  }

  /** What a renewal says of it; each thing once. */
  takeRenewal(): Renewal {
    const { id, fence } = this.job;
    const progress = this.#progress;
    const note = this.#note;
    const log = this.#lines.splice(0);
    this.#progress = this.#note = null;
    return {
      id,
      fence,
      ...(progress !== null && { progress }),
      ...(note !== null && { note }),
      ...(log.length && { log }),
    };
  }

  /** The store did not hear it: what has not been said anew since is said again. */
  putBack({ progress, note, log = [] }: Renewal): void {
    this.#progress ??= progress ?? null;
    this.#note ??= note ?? null;
    this.#lines.unshift(...log);
  }
}
