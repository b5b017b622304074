import {
  auditActorOf,
  CallerError,
  type ErrorCode,
  type RequestContext,
  type SecurityEventSink,
  requestInLog,
} from '@inevitable/contract';
import { GraphQLError } from 'graphql';

/** Told of what an operation failed with. */
export type DenialsTeller = (errors: readonly unknown[], context: RequestContext) => void;

const DENIALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['FORBIDDEN', 'UNAUTHENTICATED']);

/** What a known caller may not do is a security event, once for each code however many fields of the operation say so. */
export const denialsTeller =
  (product: string, securityEvent: SecurityEventSink): DenialsTeller =>
  (errors, context) => {
    const { caller, tenant } = context;
    if (caller.kind === 'anonymous') return;
    for (const code of new Set(errors.flatMap(denialIn)))
      securityEvent('denied', {
        product,
        code,
        tenantId: tenant?.id ?? null,
        ...auditActorOf(caller),
        ...requestInLog(context),
      });
  };

function denialIn(error: unknown): readonly ErrorCode[] {
  const cause = error instanceof GraphQLError ? error.originalError : error;
  return cause instanceof CallerError && DENIALS.has(cause.code) ? [cause.code] : [];
}
