import { notReady, ready, type PartHealth, type PublicJwk, type TokenVerificationPort } from '@inevitable/contract';
import type { Logger } from 'pino';
import { keepRunning } from '../background/keep-running.js';

const TTL_SECONDS = 600;
const RENEW_EVERY_MS = 200_000;
const PART = 'context key';

export interface RegisteredKey {
  health(): PartHealth;
}

/**
 * Publishes the gateway's public context key with identity and keeps it published (600 s, renewed every 200 s), so that
 * two renewals may fail before a subgraph stops believing this gateway. `now` in epoch milliseconds.
 */
export function keepKeyRegistered(
  key: PublicJwk,
  identity: TokenVerificationPort,
  { log, now, signal }: { log: Logger; now: () => number; signal: AbortSignal },
): RegisteredKey {
  let publishedUntil = 0;
  let reason = 'identity has not been asked yet';

  void keepRunning(
    async () => {
      const asked = now();
      await identity.registerContextKey(key, TTL_SECONDS);
      publishedUntil = asked + TTL_SECONDS * 1_000;
    },
    {
      everyMs: RENEW_EVERY_MS,
      signal,
      onFailure: (error, failures) => {
        reason = error instanceof Error ? error.message : String(error);
        if (failures === 1)
          log.warn({ err: error }, 'The context key could not be registered with identity; trying again.');
      },
    },
  );

  return {
    health: () => (now() < publishedUntil ? ready(PART) : notReady(PART, `not registered with identity: ${reason}`)),
  };
}
