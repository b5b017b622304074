import { CallerError, ERROR_CODES, type ErrorBody, type ErrorCode } from '@inevitable/contract';
import { NO_HEADERS, type HeaderList } from './header-list.js';

export interface Refusal {
  readonly code: ErrorCode;
  /** What GraphQL reports beside message and code. */
  readonly errors: readonly RefusedError[];
  readonly status?: number;
  readonly headers?: HeaderList;
  /** True where a GraphQL server understood the request and rejects its document: the legacy media type wants 200. */
  readonly aboutDocument?: boolean;
}

export interface RefusedError extends ErrorBody {
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
}

/** The request is not run, for a reason the client can read and repair. */
export class RequestRefused extends CallerError {
  readonly code: ErrorCode;
  readonly status: number;
  readonly errors: readonly RefusedError[];
  readonly headers: HeaderList;
  readonly aboutDocument: boolean;

  constructor(refusal: Refusal) {
    super(refusal.errors[0]?.message ?? refusal.code);
    this.code = refusal.code;
    this.status = refusal.status ?? ERROR_CODES[refusal.code].status;
    this.errors = refusal.errors;
    this.headers = refusal.headers ?? NO_HEADERS;
    this.aboutDocument = refusal.aboutDocument ?? false;
  }
}

interface RefusalParts extends Omit<Refusal, 'code' | 'errors'> {
  /** Beside `code` in `extensions`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** For one reason. */
export const refusal = (code: ErrorCode, message: string, { details, ...parts }: RefusalParts = {}): RequestRefused =>
  new RequestRefused({ ...parts, code, errors: [{ message, extensions: { code, ...details } }] });

/** The HTTP request itself is unusable: wrong method, media type, size or parameter. */
export const badRequest = (message: string, status = 400, headers: HeaderList = NO_HEADERS): RequestRefused =>
  refusal('BAD_USER_INPUT', message, { status, headers });
