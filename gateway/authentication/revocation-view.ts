import {
  notReady,
  ready,
  type AccessTokenClaims,
  type PartHealth,
  type RevocationFeed,
  type RevocationPage,
  type RevocationSubject,
  type VerifiedApiKey,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import { keepRunning, realPause, type Pause } from '../background/keep-running.js';

/** How long identity may wait for news: long enough to be cheap. */
const POLL_WAIT_MS = 1_000;
/**
 * An answer that is so late is taken for lost, and asked for anew, without a wait. So what was taken back is known here
 * within 5 s even when it just missed an answer, and the next two are lost: 0.8 + (1 + 0.8) + 0.1 + 0.8 + 0.2 + 0.8.
 */
const LATE_MS = 800;
/** After two in a row the feed is slow rather than cut off, and asking again would only make it slower. */
const PATIENT_LATE_MS = 5_000;
/** Between two polls; also what keeps a feed that answers at once from being asked in a tight loop. */
const POLL_PAUSE_MS = 20;
const SILENT_MS = 5_000;
/**
 * After this long without the feed, a revoked token could still be believed: nobody is. Counted from when the last question
 * that was answered was asked: its answer may have been on its way for long, and tells of nothing later.
 */
export const REVOCATION_STALE_MAX_MS = 30_000;
/** Access tokens live 15 minutes, plus skew: a revocation heard longer ago concerns no living token. */
const FORGET_AFTER_MS = 20 * 60_000;
const PART = 'revocation feed';

export interface RevocationViewOptions {
  readonly log: Logger;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of real time unless given. */
  readonly pause?: Pause;
  /** A signing key was withdrawn: another one signs now. */
  readonly onKeyWithdrawn?: () => void;
  /** From now on no token can be believed; once, until the feed is heard again. */
  readonly onStale?: () => void;
}

interface Heard {
  readonly sequence: number;
  readonly at: number;
}

/** What identity has taken back, as far as this gateway has heard. */
export class RevocationView {
  readonly #feed: RevocationFeed;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #pause: Pause;
  readonly #onKeyWithdrawn: () => void;
  readonly #onStale: () => void;
  readonly #heard: Readonly<Record<Exclude<RevocationSubject, 'signingKey'>, Map<string, Heard>>> = {
    session: new Map(),
    user: new Map(),
    tenant: new Map(),
    membership: new Map(),
    apiKey: new Map(),
    entitlements: new Map(),
  };
  /** Never forgotten: who has the key can sign a token of any date. */
  readonly #withdrawnKeys = new Set<string>();
  #sequence = 0;
  #caughtUp = false;
  #isToldStale = false;
  /** When the last question that was answered was asked. */
  #lastHeardAt = -Infinity;
  #failures = 0;
  #reason = 'identity has not been asked yet';

  constructor(
    feed: RevocationFeed,
    { log, now, pause = realPause, onKeyWithdrawn = () => undefined, onStale = () => undefined }: RevocationViewOptions,
  ) {
    this.#feed = feed;
    this.#log = log;
    this.#now = now;
    this.#pause = pause;
    this.#onKeyWithdrawn = onKeyWithdrawn;
    this.#onStale = onStale;
  }

  /** Loads the feed, then follows it until `signal` aborts. */
  start(signal: AbortSignal): void {
    void keepRunning((stop) => this.#poll(stop), {
      everyMs: POLL_PAUSE_MS,
      signal,
      pause: this.#pause,
      onFailure: (error, failures) => {
        this.#failures = failures;
        this.#reason = error instanceof Error ? error.message : String(error);
        if (this.#caughtUp && !this.isTrustworthy() && !this.#isToldStale) {
          this.#isToldStale = true;
          this.#onStale();
        }
        if (failures === 1) this.#log.warn({ err: error }, 'The revocation feed does not answer; trying again.');
      },
    });
  }

  /** True when something the token names was taken back after the token was issued. */
  isRevoked(claims: AccessTokenClaims): boolean {
    return this.#isTenantRevoked(claims) || this.#isCallerRevoked(claims);
  }

  /** True when the token ended with its tenant's suspension, and with nothing else. */
  isTenantSuspended(claims: AccessTokenClaims): boolean {
    return this.#isTenantRevoked(claims) && !this.#isCallerRevoked(claims);
  }

  #isTenantRevoked({ tid, rev }: AccessTokenClaims): boolean {
    return isAfter(this.#heard.tenant.get(tid), rev);
  }

  #isCallerRevoked({ sid, sub, tid, rev }: AccessTokenClaims): boolean {
    const { session, user, membership, entitlements } = this.#heard;
    return (
      isAfter(session.get(sid), rev) ||
      isAfter(user.get(sub), rev) ||
      isAfter(entitlements.get(tid), rev) ||
      (membership.size > 0 && isAfter(membership.get(`${tid}/${sub}`), rev))
    );
  }

  /** True when something an API key rests on was taken back, or changed, after it was verified. */
  isKeyRevoked({ id, creator, tenantId, rev }: VerifiedApiKey): boolean {
    const { apiKey, user, tenant, membership, entitlements } = this.#heard;
    return (
      isAfter(apiKey.get(id), rev) ||
      isAfter(user.get(creator), rev) ||
      isAfter(tenant.get(tenantId), rev) ||
      isAfter(entitlements.get(tenantId), rev) ||
      isAfter(membership.get(`${tenantId}/${creator}`), rev)
    );
  }

  /** Whether identity has withdrawn the signing key of this id; no other claim of its tokens counts then. */
  isWithdrawn(kid: string): boolean {
    return this.#withdrawnKeys.has(kid);
  }

  /** False: a revocation may be unknown here for longer than we promise, so no token can be believed. */
  isTrustworthy(): boolean {
    return this.#caughtUp && this.ageMs <= REVOCATION_STALE_MAX_MS;
  }

  /** Milliseconds since a question was asked that identity answered; Infinity before the first. */
  get ageMs(): number {
    return this.#now() - this.#lastHeardAt;
  }

  health(): PartHealth {
    if (!this.#caughtUp) return notReady(PART, `not loaded from identity: ${this.#reason}`);
    const silentMs = this.ageMs;
    if (silentMs <= SILENT_MS) return ready(PART);
    return notReady(PART, `nothing heard for ${Math.round(silentMs / 1_000)} s: ${this.#reason}`);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const askedAt = this.#now();
    // Until a page comes back empty there is a backlog, and nothing to wait for; nor is there after a failure.
    const page = await this.#ask(this.#caughtUp && this.#failures === 0 ? POLL_WAIT_MS : 0, signal);
    this.#failures = 0;
    const at = this.#now();
    for (const { subject, id, sequence } of page.revocations) {
      if (subject === 'signingKey') {
        if (!this.#withdrawnKeys.has(id)) this.#onKeyWithdrawn();
        this.#withdrawnKeys.add(id);
        continue;
      }
      const known = this.#heard[subject];
      const latest = Math.max(sequence, known.get(id)?.sequence ?? 0);
      known.delete(id); // a Map keeps the order of insertion: the longest unheard of stay in front
      known.set(id, { sequence: latest, at });
    }
    this.#sequence = page.sequence;
    this.#lastHeardAt = askedAt;
    this.#reason = 'the feed went silent';
    this.#caughtUp ||= page.revocations.length === 0;
    this.#isToldStale &&= !this.isTrustworthy();
    this.#forget(at - FORGET_AFTER_MS);
  }

  /** Rejects when there is no answer in time. */
  async #ask(waitMs: number, signal: AbortSignal): Promise<RevocationPage> {
    const over = new AbortController();
    const leave = () => over.abort(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    const lateMs = waitMs + (this.#failures < 2 ? LATE_MS : PATIENT_LATE_MS);
    const late = this.#pause(lateMs, over.signal).then(() => Promise.reject(new Error('identity answers too late')));
    try {
      return await Promise.race([this.#feed.since(this.#sequence, waitMs, over.signal), late]);
    } finally {
      over.abort();
      signal.removeEventListener('abort', leave);
    }
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
