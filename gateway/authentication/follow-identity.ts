import type { DeploymentContext, IdentityPorts, PartHealth, SecurityEventSink } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { ContextTokens } from '../transports/context-tokens.js';
import { keepKeyRegistered } from '../transports/register-context-key.js';
import { accessTokens } from './access-tokens.js';
import { apiKeys } from './api-keys.js';
import { credentials, type Credentials } from './credentials.js';
import { RevocationView } from './revocation-view.js';
import { VerificationKeys } from './verification-keys.js';
import { watchedCredentials } from './watched-credentials.js';

export interface FollowIdentityOptions {
  readonly deployment: DeploymentContext;
  readonly securityEvent: SecurityEventSink;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Ends the waiting of requests, before `signal` ends the following. */
  readonly draining: AbortSignal;
}

export interface FollowedIdentity {
  readonly credentials: Credentials;
  revocationsAgeMs(): number;
  health(): PartHealth[];
}

/** Keeps up with identity's keys and revocations, and keeps our public key known there, until `signal`. */
export function followIdentity(
  { verification, revocations: feed, apiKeys: keysOfPrograms }: IdentityPorts,
  { publicKey }: ContextTokens,
  { deployment, securityEvent, log, now, signal, draining }: FollowIdentityOptions,
): FollowedIdentity {
  const keys = new VerificationKeys(verification, { log, now });
  const revocations = new RevocationView(feed, {
    log,
    now,
    onKeyWithdrawn: () => void keys.refresh(),
    onStale: () => securityEvent('revocations stale', {}),
  });
  const contextKey = keepKeyRegistered(publicKey, verification, { log, now, signal });
  keys.start(draining); // a request that waits for a key would hold the drain as long as identity is silent
  revocations.start(signal);
  return {
    credentials: watchedCredentials(
      credentials(accessTokens(keys, revocations, now), apiKeys(keysOfPrograms, revocations, { deployment, now })),
      securityEvent,
    ),
    revocationsAgeMs: () => revocations.ageMs,
    health: () => [keys.health(), revocations.health(), contextKey.health()],
  };
}
