/**
 * Two audiences. A `CallerError` is written for the client and sent as is; an `OperatorError` is logged in full
 * and masked outside. `code` is the promise to clients; the text may change.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: { status: 401, meaning: 'Nobody is signed in, or the credential does not hold.' },
  SECOND_FACTOR_REQUIRED: {
    status: 401,
    meaning: 'The password holds; complete the sign-in with `extensions.challenge` and a code of the second factor.',
  },
  FORBIDDEN: { status: 403, meaning: 'The caller is known, and may not do this.' },
  UNAUTHORIZED_FIELD_OR_TYPE: {
    status: 403,
    meaning: 'The operation asks for a field or type the caller may not see.',
  },
  TENANT_SUSPENDED: {
    status: 403,
    meaning: "The caller's tenant is suspended, or was given up; once it is not any more, sign in again.",
  },
  NOT_ENTITLED: { status: 403, meaning: "The tenant's plan does not include this feature." },
  NOT_FOUND: { status: 404, meaning: 'No such object in this tenant.' },
  BAD_USER_INPUT: { status: 400, meaning: 'The input is not usable; `extensions.field` names the place.' },
  CONFLICT: { status: 409, meaning: 'The object changed or exists already.' },
  QUOTA_EXCEEDED: { status: 403, meaning: 'A metered feature is used up; the message says when it resets.' },
  RATE_LIMITED: { status: 429, meaning: 'Too many requests; come back after Retry-After.' },
  OVERLOADED: { status: 503, meaning: 'This gateway has more to do than it can; come back after Retry-After.' },
  COST_ESTIMATED_TOO_EXPENSIVE: {
    status: 400,
    meaning:
      'The operation may cost more than one operation may; `extensions` has both. Ask for shorter lists, or for less at once.',
  },
  INTROSPECTION_DISABLED: { status: 403, meaning: 'The caller may not ask for the schema here.' },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    meaning: 'This gateway has no document of that hash; send it with the hash.',
  },
  PERSISTED_QUERY_NOT_IN_LIST: { status: 403, meaning: 'Only documents that were listed before are run here.' },
  SUBGRAPH_UNREACHABLE: { status: 503, meaning: 'A part of the stack did not answer.' },
  TIMEOUT: { status: 504, meaning: 'The answer would have come after the deadline.' },
  SUBSCRIPTION_SCHEMA_CHANGED: {
    status: 409,
    meaning: 'The schema changed, and the subscription does not fit it any more; subscribe with a document that does.',
  },
  SLOW_CONSUMER: { status: 429, meaning: 'The client read more slowly than events came; subscribe again to go on.' },
  GATEWAY_STOPPING: { status: 503, meaning: 'This gateway is being stopped; subscribe again, another one answers.' },
  INTERNAL: { status: 500, meaning: 'Something failed on our side; the log has it under the request id.' },
  GRAPHQL_PARSE_FAILED: { status: 400, meaning: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, meaning: 'The document does not fit the schema.' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The caller can act on this. The message is written for them and sent as is. */
export abstract class CallerError extends Error {
  abstract readonly code: ErrorCode;
  /** What goes beside `code` in the answer's `extensions`. */
  readonly details: Readonly<Record<string, unknown>> = {};
}

/** Our side failed. The message is for our log; the caller learns only that we failed. */
export abstract class OperatorError extends Error {
  abstract readonly code: ErrorCode;
}

export class Unauthenticated extends CallerError {
  readonly code = 'UNAUTHENTICATED';
  constructor(message = 'Sign in first.') {
    super(message);
  }
}

export class Forbidden extends CallerError {
  readonly code = 'FORBIDDEN';
  constructor(message = 'You may not do this.') {
    super(message);
  }
}

/** The credential was good, and ended with the tenant's suspension, or its deletion. */
export class TenantSuspended extends CallerError {
  readonly code = 'TENANT_SUSPENDED';
  constructor() {
    super('This tenant was suspended, or given up. Once it is not any more, sign in again.');
  }
}

export class NotFound extends CallerError {
  readonly code = 'NOT_FOUND';
  constructor(what: string) {
    super(`No such ${what}.`);
  }
}

export class BadUserInput extends CallerError {
  readonly code = 'BAD_USER_INPUT';
  override readonly details: { readonly field?: string };
  /** `field`: the path of the offending input, for example `input.text`. */
  constructor(message: string, field?: string) {
    super(message);
    this.details = field === undefined ? {} : { field };
  }
}

export class Conflict extends CallerError {
  readonly code = 'CONFLICT';
  override readonly details: { readonly field?: string };
  /** `field`: the path of the input that is taken already, for example `input.slug`. */
  constructor(message: string, field?: string) {
    super(message);
    this.details = field === undefined ? {} : { field };
  }
}

export class NotEntitled extends CallerError {
  readonly code = 'NOT_ENTITLED';
  override readonly details: { readonly feature: string };
  constructor(feature: string) {
    super(`The tenant's plan does not include "${feature}".`);
    this.details = { feature };
  }
}

export class QuotaExceeded extends CallerError {
  readonly code = 'QUOTA_EXCEEDED';
  override readonly details: { readonly feature: string; readonly limit: number; readonly resetsAt: string };
  constructor(feature: string, limit: number, resetsAt: Date) {
    super(`"${feature}" is limited to ${limit}; it resets at ${resetsAt.toISOString()}.`);
    this.details = { feature, limit, resetsAt: resetsAt.toISOString() };
  }
}

export class SubgraphUnreachable extends OperatorError {
  readonly code = 'SUBGRAPH_UNREACHABLE';
  constructor(subgraph: string, cause: unknown) {
    super(`Subgraph "${subgraph}" did not answer.`, { cause });
  }
}

export class DeadlinePassed extends OperatorError {
  readonly code = 'TIMEOUT';
}

/** A peer answered something its contract does not allow, or could not be asked at all. */
export class PeerFailed extends OperatorError {
  readonly code = 'INTERNAL';
}

export interface ErrorBody {
  readonly message: string;
  readonly extensions: { readonly code: ErrorCode } & Readonly<Record<string, unknown>>;
}

/** The one place where an error becomes an answer. Unknown means ours. */
export function toErrorBody(error: unknown): ErrorBody {
  if (error instanceof CallerError)
    return { message: error.message, extensions: { code: error.code, ...error.details } };
  const code = error instanceof OperatorError ? error.code : 'INTERNAL';
  return { message: MASKED[code] ?? 'Something failed on our side.', extensions: { code } };
}

const MASKED: Partial<Record<ErrorCode, string>> = {
  SUBGRAPH_UNREACHABLE: 'A part of the stack did not answer.',
  TIMEOUT: 'The answer took too long.',
};
