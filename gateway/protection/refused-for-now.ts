import type { ErrorCode } from '@inevitable/contract';
import { NO_HEADERS, type HeaderList } from '../graphql-over-http/header-list.js';
import { refusal, type RequestRefused } from '../graphql-over-http/request-refused.js';

interface Wait {
  readonly code: Extract<ErrorCode, 'RATE_LIMITED' | 'OVERLOADED'>;
  readonly message: string;
  /** At least one; fractions are rounded up. */
  readonly retryAfterSeconds: number;
  readonly headers?: HeaderList;
  /** Beside `code` and `retryAfterSeconds` in `extensions`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The operation could be run later: 429 or 503 with `Retry-After` (RFC 9110, 10.2.3), over whatever transport. */
export function refusedForNow({
  code,
  message,
  retryAfterSeconds,
  headers = NO_HEADERS,
  details = {},
}: Wait): RequestRefused {
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
  return refusal(code, message, {
    details: { retryAfterSeconds: seconds, ...details },
    headers: ['retry-after', String(seconds), ...headers],
  });
}
