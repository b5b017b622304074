import {
  notReady,
  ready,
  type AccessTokenClaims,
  type PartHealth,
  type RevocationFeed,
  type RevocationSubject,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import { keepRunning } from '../background/keep-running.js';

/** Long enough to be cheap, short enough that silence is noticed within `SILENT_MS`. */
const POLL_WAIT_MS = 2_000;
/** Between two polls; also what keeps a feed that answers at once from being asked in a tight loop. */
const POLL_PAUSE_MS = 20;
const SILENT_MS = 5_000;
/** After this long without the feed, a revoked token could still be believed: nobody is. */
export const REVOCATION_STALE_MAX_MS = 30_000;
/** Access tokens live 15 minutes, plus skew: a revocation heard longer ago concerns no living token. */
const FORGET_AFTER_MS = 20 * 60_000;
const PART = 'revocation feed';

interface Heard {
  readonly sequence: number;
  readonly at: number;
}

/** What identity has taken back, as far as this gateway has heard. */
export class RevocationView {
  readonly #feed: RevocationFeed;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #heard: Readonly<Record<RevocationSubject, Map<string, Heard>>> = {
    session: new Map(),
    user: new Map(),
    tenant: new Map(),
    membership: new Map(),
    apiKey: new Map(),
    entitlements: new Map(),
  };
  #sequence = 0;
  #caughtUp = false;
  #lastHeardAt = -Infinity;
  #reason = 'identity has not been asked yet';

  /** `now` in epoch milliseconds. */
  constructor(feed: RevocationFeed, { log, now }: { log: Logger; now: () => number }) {
    this.#feed = feed;
    this.#log = log;
    this.#now = now;
  }

  /** Loads the feed, then follows it until `signal` aborts. */
  start(signal: AbortSignal): void {
    void keepRunning((stop) => this.#poll(stop), {
      everyMs: POLL_PAUSE_MS,
      signal,
      onFailure: (error, failures) => {
        this.#reason = error instanceof Error ? error.message : String(error);
        if (failures === 1) this.#log.warn({ err: error }, 'The revocation feed does not answer; trying again.');
      },
    });
  }

  /** True when something the token names was taken back after the token was issued. */
  isRevoked({ sid, sub, tid, rev }: AccessTokenClaims): boolean {
    const { session, user, tenant, membership, entitlements } = this.#heard;
    return (
      isAfter(session.get(sid), rev) ||
      isAfter(user.get(sub), rev) ||
      isAfter(tenant.get(tid), rev) ||
      isAfter(entitlements.get(tid), rev) ||
      (membership.size > 0 && isAfter(membership.get(`${tid}/${sub}`), rev))
    );
  }

  /** False: a revocation may be unknown here for longer than we promise, so no token can be believed. */
  isTrustworthy(): boolean {
    return this.#caughtUp && this.#now() - this.#lastHeardAt <= REVOCATION_STALE_MAX_MS;
  }

  health(): PartHealth {
    if (!this.#caughtUp) return notReady(PART, `not loaded from identity: ${this.#reason}`);
    const silentMs = this.#now() - this.#lastHeardAt;
    if (silentMs <= SILENT_MS) return ready(PART);
    return notReady(PART, `nothing heard for ${Math.round(silentMs / 1_000)} s: ${this.#reason}`);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    // Until a page comes back empty there is a backlog, and nothing to wait for.
    const page = await this.#feed.since(this.#sequence, this.#caughtUp ? POLL_WAIT_MS : 0, signal);
    const at = this.#now();
    for (const { subject, id, sequence } of page.revocations) {
      const known = this.#heard[subject];
      const latest = Math.max(sequence, known.get(id)?.sequence ?? 0);
      known.delete(id); // a Map keeps the order of insertion: the longest unheard of stay in front
      known.set(id, { sequence: latest, at });
    }
    this.#sequence = page.sequence;
    this.#lastHeardAt = at;
    this.#reason = 'the feed went silent';
    this.#caughtUp ||= page.revocations.length === 0;
    this.#forget(at - FORGET_AFTER_MS);
  }

  #forget(before: number): void {
    for (const known of Object.values(this.#heard))
      for (const [id, { at }] of known) {
        if (at >= before) break;
        known.delete(id);
      }
  }
}

const isAfter = (heard: Heard | undefined, rev: number): boolean => heard !== undefined && heard.sequence > rev;
