import type { Caller } from './caller.js';
import type { Permission, SessionId, TenantId } from './ids.js';
import { NO_CLIENT, type RequestClient } from './request-client.js';

/** `customer`: no development credential, demo user or page is reachable. */
export type DeploymentContext = 'internal' | 'customer';

/** The tenant the caller's token speaks for: exactly one. */
export interface TenantSeen {
  readonly id: TenantId;
  /** What the tenant may use, as the token states it; the digest changes when any entitlement does. */
  readonly plan: string;
  readonly entitlementsDigest: string;
}

/** Who asks, inside which tenant, until when. Built once per request, frozen, never changed. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C `traceparent` of the caller, or null. */
  readonly trace: string | null;
  /** Epoch milliseconds; after it nobody waits for the answer. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** null: nobody in particular; no tenant row can be reached. */
  readonly tenant: TenantSeen | null;
  readonly caller: Caller;
  readonly sessionId: SessionId | null;
  readonly roles: readonly string[];
  readonly may: ReadonlySet<Permission>;
  readonly deployment: DeploymentContext;
  /** Where it came from; of a job nowhere. */
  readonly client: RequestClient;
}

export interface AnonymousRequest {
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly deployment: DeploymentContext;
  /** Left out: nowhere in particular. */
  readonly client?: RequestClient;
}

/** The part of a context that a credential answers for. */
export type CallerIdentity = Omit<RequestContext, keyof AnonymousRequest>;

/**
 * The two together. Written out, because spreading them takes 6 µs, and every request does it; `signal` and `client` are read
 * when somebody asks for them, because an `AbortSignal` takes as long to make, and most requests end without either.
 */
export const contextOf = (request: AnonymousRequest, identity: CallerIdentity): RequestContext =>
  Object.freeze({
    requestId: request.requestId,
    trace: request.trace,
    deadline: request.deadline,
    get signal() {
      return request.signal;
    },
    deployment: request.deployment,
    get client() {
      return request.client ?? NO_CLIENT;
    },
    tenant: identity.tenant,
    caller: identity.caller,
    sessionId: identity.sessionId,
    roles: identity.roles,
    may: identity.may,
  });

/** The same, at another place of its trace: what is asked for with it belongs to the span that `trace` names. */
export const withTrace = (context: RequestContext, trace: string): RequestContext =>
  contextOf(
    {
      requestId: context.requestId,
      trace,
      deadline: context.deadline,
      get signal() {
        return context.signal;
      },
      deployment: context.deployment,
      get client() {
        return context.client;
      },
    },
    context,
  );

/** The context of a request that carries no credential. That is never an error by itself. */
export const anonymousContext = (request: AnonymousRequest): RequestContext =>
  contextOf(request, {
    tenant: null,
    caller: Object.freeze({ kind: 'anonymous' as const }),
    sessionId: null,
    roles: Object.freeze([]),
    may: new Set<Permission>(),
  });
