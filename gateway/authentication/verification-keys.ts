import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  notReady,
  ready,
  SubgraphUnreachable,
  type PartHealth,
  type TokenVerificationPort,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import { keepRunning } from '../background/keep-running.js';
import { untilAborted } from '../background/until-aborted.js';

/** Identity signs with no key that it has not published for 5 minutes: a new one is known here before its first token. */
const REFRESH_EVERY_MS = 60_000;
/** An unknown key id asks identity again, but made-up ones must not become a storm of questions. */
const COOLDOWN_MS = 5_000;
const PART = 'verification keys';

interface LoadedKeys {
  readonly issuer: string;
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Identity's public keys, as `KeyObject`s made once: jsonwebtoken re-imports any other form on every call. */
export class VerificationKeys {
  readonly #identity: TokenVerificationPort;
  readonly #log: Logger;
  readonly #now: () => number;
  #loaded: LoadedKeys | null = null;
  #loading: Promise<LoadedKeys> | null = null;
  #askedAt = -Infinity;
  #stop = new AbortController().signal; // until `start` brings the one that aborts
  #reason = 'identity has not been asked yet';

  /** `now` in epoch milliseconds. */
  constructor(identity: TokenVerificationPort, { log, now }: { log: Logger; now: () => number }) {
    this.#identity = identity;
    this.#log = log;
    this.#now = now;
  }

  /** Loads the keys, and keeps asking until `signal` aborts. From then on nobody waits for identity. */
  start(signal: AbortSignal): void {
    this.#stop = signal;
    void keepRunning(async () => void (await this.#load()), {
      everyMs: REFRESH_EVERY_MS,
      signal,
      onFailure: (error, failures) => {
        if (failures === 1)
          this.#log.warn({ err: error }, 'The verification keys could not be loaded from identity; trying again.');
      },
    });
  }

  /** Asks at once: identity has changed them. Where it does not answer, the next regular question finds out. */
  async refresh(): Promise<void> {
    await this.#loading?.catch(() => undefined); // what was asked before may be answered with what was before
    await this.#load().catch(() => undefined);
  }

  /** `iss` of every access token; null until the keys are loaded. */
  get issuer(): string | null {
    return this.#loaded?.issuer ?? null;
  }

  has(kid: string): boolean {
    return this.#loaded?.byId.has(kid) ?? false;
  }

  /**
   * The key of that id, asking identity once for an id not seen yet. Null: identity does not know it either.
   * Throws `SubgraphUnreachable` when that cannot be found out.
   */
  async find(kid: string): Promise<KeyObject | null> {
    const known = this.#loaded?.byId.get(kid);
    if (known) return known;
    if (!this.#loading && this.#now() - this.#askedAt < COOLDOWN_MS) {
      if (this.#loaded) return null;
      throw new SubgraphUnreachable('identity', new Error(this.#reason));
    }
    try {
      if (!this.#loading) this.#askedAt = this.#now();
      return (await untilAborted(this.#stop, () => this.#load())).byId.get(kid) ?? null;
    } catch (error) {
      throw new SubgraphUnreachable('identity', error);
    }
  }

  health(): PartHealth {
    return this.#loaded ? ready(PART) : notReady(PART, `not loaded from identity: ${this.#reason}`);
  }

  /** Single flight: whoever asks meanwhile waits for the same answer. */
  #load(): Promise<LoadedKeys> {
    this.#loading ??= this.#fetchKeys().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #fetchKeys(): Promise<LoadedKeys> {
    try {
      const { issuer, keys } = await this.#identity.settings();
      if (!issuer) throw new Error('identity names no issuer'); // jsonwebtoken would compare none
      const byId = new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: { ...jwk }, format: 'jwk' })]));
      return (this.#loaded = { issuer, byId });
    } catch (error) {
      this.#reason = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }
}
