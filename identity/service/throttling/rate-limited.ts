import { CallerError } from '@inevitable/contract';

/** One caller tried too often. Answered with 429 and Retry-After where there is a status. */
export class RateLimited extends CallerError {
  readonly code = 'RATE_LIMITED';
  override readonly details: { readonly retryAfterSeconds: number };
  constructor(retryAfterSeconds: number) {
    super(`Too many attempts. Try again in ${inWords(retryAfterSeconds)}.`);
    this.details = { retryAfterSeconds };
  }
}

const inWords = (seconds: number): string =>
  seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
