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

/** What a request says of itself, and who its credential says is asking. */
export const contextOf = (request: AnonymousRequest, identity: CallerIdentity): RequestContext =>
  new RequestAndCaller(request, identity);

/** The same, at another place of its trace: what is asked for with it belongs to the span that `trace` names. */
export const withTrace = (context: RequestContext, trace: string): RequestContext =>
  new RequestAndCaller(context, context, trace);

/**
 * Every request makes one. Properties are written out, because spreading takes 6 µs. `signal` and `client` are read when
 * somebody asks for them, because an `AbortSignal` takes as long to make, and most requests end without either. Their getters
 * are the same two functions for all, and properties of each, so that a copy has them too: getters of an object literal are
 * new functions each time, for which V8 makes a hidden class of its own each time. That outlives minor collections, and
 * whatever the request holds with it.
 */
class RequestAndCaller implements RequestContext {
  static readonly #SIGNAL: PropertyDescriptor & ThisType<RequestAndCaller> = {
    enumerable: true,
    get() {
      return this.#request.signal;
    },
  };
  static readonly #CLIENT: PropertyDescriptor & ThisType<RequestAndCaller> = {
    enumerable: true,
    get() {
      return this.#request.client ?? NO_CLIENT;
    },
  };
  readonly #request: AnonymousRequest;
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  declare readonly signal: AbortSignal;
  readonly deployment: DeploymentContext;
  declare readonly client: RequestClient;
  readonly tenant: TenantSeen | null;
  readonly caller: Caller;
  readonly sessionId: SessionId | null;
  readonly roles: readonly string[];
  readonly may: ReadonlySet<Permission>;

  constructor(request: AnonymousRequest, identity: CallerIdentity, trace = request.trace) {
    this.#request = request;
    this.requestId = request.requestId;
    this.trace = trace;
    this.deadline = request.deadline;
    this.deployment = request.deployment;
    this.tenant = identity.tenant;
    this.caller = identity.caller;
    this.sessionId = identity.sessionId;
    this.roles = identity.roles;
    this.may = identity.may;
    Object.defineProperty(this, 'signal', RequestAndCaller.#SIGNAL);
    Object.defineProperty(this, 'client', RequestAndCaller.#CLIENT);
    Object.freeze(this);
  }
}

/** The context of a request that carries no credential. That is never an error by itself. */
export const anonymousContext = (request: AnonymousRequest): RequestContext =>
  contextOf(request, {
    tenant: null,
    caller: Object.freeze({ kind: 'anonymous' as const }),
    sessionId: null,
    roles: Object.freeze([]),
    may: new Set<Permission>(),
  });
