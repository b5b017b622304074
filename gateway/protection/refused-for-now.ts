import type { ErrorCode } from '@inevitable/contract';
import { NO_HEADERS, type HeaderList } from '../graphql-over-http/header-list.js';
import { RequestRefused } from '../graphql-over-http/request-refused.js';

interface Wait {
  readonly code: Extract<ErrorCode, 'RATE_LIMITED' | 'OVERLOADED'>;
  readonly message: string;
  /** At least one; fractions are rounded up. */
  readonly retryAfterSeconds: number;
  readonly headers?: HeaderList;
  /** Beside `code` and `retryAfterSeconds` in `extensions`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** There is no room for the operation, or no unit left: it could be run later. */
export class RefusedForNow extends RequestRefused {}

/** 429 or 503 with `Retry-After` (RFC 9110, 10.2.3), over whatever transport. */
export function refusedForNow({
  code,
  message,
  retryAfterSeconds,
  headers = NO_HEADERS,
  details = {},
}: Wait): RefusedForNow {
  const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
  return new RefusedForNow({
    code,
    errors: [{ message, extensions: { code, retryAfterSeconds: seconds, ...details } }],
    headers: ['retry-after', String(seconds), ...headers],
  });
}
