import { notReady, OperatorError, ready, type HealthCheck, type TokenVerificationPort } from '@inevitable/contract';
import { keepRunning } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Closers } from './closers.js';

/** The issuer of a stack that was never started, unless it is told. */
export const DEFAULT_PUBLIC_URL = 'http://127.0.0.1:8080';

/** Identity has not been heard yet. */
export class PublicUrlUnknown extends OperatorError {
  readonly code = 'INTERNAL';
}

export interface PublicUrl {
  /** Throws `PublicUrlUnknown` until identity has told. */
  readonly current: () => string;
  /** Its part of `/health`. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

const PART = 'public URL';
const ASKED_AGAIN_MS = 300_000;

/**
 * Where clients reach the stack, for a process that does not host identity: the issuer of every token, which identity
 * knows. It is asked until it answers, and nothing waits for that: the process is not ready until then.
 */
export function publicUrlOf(identity: TokenVerificationPort, closers: Closers, log: Logger): PublicUrl {
  let known: string | null = null;
  let reason = 'identity has not been asked yet';
  const closing = new AbortController();
  closers.add(PART, async () => closing.abort());
  void keepRunning(async () => void (known = (await identity.settings()).issuer), {
    everyMs: ASKED_AGAIN_MS,
    signal: closing.signal,
    onFailure: (error, failures) => {
      reason = (error as Error).message;
      if (failures === 1) log.warn({ err: error }, 'Identity could not tell the public URL; asking again.');
    },
  });
  return {
    current() {
      if (known === null) throw new PublicUrlUnknown(`The public URL is not known: ${reason}`);
      return known;
    },
    checks: { [PART]: () => (known === null ? notReady(PART, `not told by identity: ${reason}`) : ready(PART)) },
  };
}
